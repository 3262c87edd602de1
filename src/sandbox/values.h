// Property values: what a client may write into a cell, and how a cell is shown.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/call.h"

namespace rowpage::sandbox {

/// A value from a page request in the kept form of Cell. Select options that do not exist yet are added to the property
/// (which is why the source is not const). `name` is the key the client used, for messages.
Outcome<json::value> read_value(Call& call, Source& source, Property& property, const json::value& in,
                                std::string_view name);

/// Applies the "properties" object of a create or update request to `state`. Nothing is changed on a refusal.
Outcome<void> write_properties(Call& call, Source& source, PageState& state, const json::value& properties);

/// The same for a page that is not a row: it has a title and nothing else.
Outcome<void> write_title(const Call& call, PageState& state, const json::value& properties);

/// {"id":…,"type":…,TYPE:value} of one property of a page. `whole`: without the cut at inline_items.
json::object show_value(const Call& call, const Page& page, const PageState& state, const Source& source,
                        const Property& property, bool whole = false);

/// The bare value (what stands under the type's name).
json::value show_bare(const Call& call, const Page& page, const PageState& state, const Source& source,
                      const Property& property, bool whole = false);

/// {"id","name","color"} of an option; null when the option is gone.
json::value show_option(const Property& property, std::string_view option_id);

const Option* option_by_id(const Property& property, std::string_view id);
/// Ignoring case, as Notion compares option names.
const Option* option_by_name(const Property& property, std::string_view name);

/// Checks an option name: not empty, no comma, at most 100 characters.
Outcome<void> check_option_name(std::string_view name);

/// True for types that no request may write.
bool is_computed(std::string_view type);

/// A kept value for a property that has none written: the default status, the next unique_id.
void fill_defaults(Source& source, PageState& state);

}  // namespace rowpage::sandbox
