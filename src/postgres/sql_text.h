// Names and values inside SQL text. Values of records travel as $n parameters; what stands in the text itself (names,
// DDL, what a statement sent in one message looks for) is quoted here and nowhere else.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowpage {

/// "name", with inner quotes doubled.
std::string quote_ident(std::string_view name);

/// "schema"."name"
std::string quote_name(std::string_view schema, std::string_view name);

/// 'text', with inner quotes doubled; E'...' when it holds a backslash.
std::string quote_literal(std::string_view text);

/// The statement with 'text' in the place of each $n, as quote_literal() writes it, NULL for nullopt. What looks like
/// $n inside a string, a quoted name or a word is left alone. A value ends at its first NUL, as a parameter does.
std::string with_literals(std::string_view sql, std::span<const std::optional<std::string>> values);

/// {"a","b"}: a one-dimensional array as PostgreSQL reads it.
std::string array_literal(std::span<const std::string> elements);

/// The elements of a one-dimensional array literal; NULL elements are left out. nullopt: not one, or more dimensions.
std::optional<std::vector<std::string>> parse_array(std::string_view literal);

/// Arguments of a trigger as pg_trigger.tgargs holds them, in hexadecimal digits.
std::string trigger_arguments_hex(std::span<const std::string> arguments);

/// The name cut to PostgreSQL's 63 bytes, never inside a character. Longer names get a hash in place of their end, for
/// the server would cut them silently and two could become one.
std::string short_name(std::string_view name);

}  // namespace rowpage
