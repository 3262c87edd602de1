// A property's JSON and our Value, both ways, for every type that travels.
//
// Reading is tolerant: what a field's type cannot hold is reported (`unreadable`), never guessed. Writing is strict:
// what Notion would refuse or shorten is an Error, though core/fit.h should have kept it away. Rich text is compared as
// one text: Notion cuts and recuts it into pieces as it likes, and its formatting is not ours.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "core/schema.h"
#include "core/value.h"

namespace rowpage {

/// Notion's limits for one request; "units" are UTF-16 code units.
inline constexpr std::size_t text_piece_units = 2000;
inline constexpr std::size_t text_pieces_max = 100;
inline constexpr std::size_t options_per_write = 100;
inline constexpr std::size_t mentions_inline = 25;  // a page shows no more of them

struct Decoded {
  Value value;
  bool formatted = false;  // the text carries formatting, links, mentions or equations
  bool cut = false;        // Notion showed only a part: ask for the whole property
  std::string unreadable;  // not empty: why the value is not to be used
};

/// `property` is an entry of a page's "properties" (with "type" and the value under the type's name).
Decoded decode(FieldType type, bool as_text, const json::value& property);
inline Decoded decode(const Field& field, const json::value& property) {
  return decode(field.type, field.as_text, property);
}

/// An array of rich text objects.
Decoded decode_text(const json::array& pieces);

/// A text kept for bookkeeping (title or rich_text), "" when there is none.
std::string plain_text(const json::value& property);

/// The value under the wire type's name, e.g. {"rich_text": [...]}. `wire` is Notion's word for the property as it is.
Result<json::value> encode(FieldType type, std::string_view wire, const Value& value);

/// An array of rich text objects for `text`, each within Notion's limit; the error says how much too long it is.
Result<json::value> encode_text(std::string_view text);

/// Notion's word for what the field's property is, as far as the pair knows.
std::string_view wire_type(const Field& field, bool is_title);

/// Property ids come percent-encoded from Notion. They are decoded once when read and encoded once when used.
std::string decode_id(std::string_view encoded);
std::string encode_id(std::string_view id);

}  // namespace rowpage
