// Page objects of Notion as Pages of a pair, and what we ask and write, as requests.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/ports.h"
#include "notion/transport.h"

namespace rowpage {

/// A page as read, and which of its fields Notion showed only in part.
struct ReadPage {
  Page page;
  std::vector<std::size_t> cut;
  bool partial = false;  // only the id came: the page must be read by itself
};

/// Reads a page object; with `bare`, only who and where it is, which any page tells, of the pair's data source or not.
/// invalid (record): it is no page, or lacks its id or times.
Result<ReadPage> read_page(const Pair& pair, const json::value& object, bool bare = false);

/// The fields' and bookkeeping properties' ids, which is all we ever ask for; without doubles.
std::vector<std::string> property_ids(const Pair& pair);

/// "filter_properties=a&filter_properties=b", encoded; "" when the list would be longer than Notion takes.
std::string filter_properties(const Pair& pair);

/// POST .../query for a listing. invalid (record): the value of `equals` cannot be searched for.
Result<ApiRequest> query_request(const Pair& pair, const ListQuery& query, std::size_t page_size);

/// The request of a PageRequest: GET, POST or PATCH, with nothing in it but what changes.
Result<ApiRequest> page_request(const Pair& pair, const PageRequest& request);

/// With `bare` the answer carries the title alone.
ApiRequest read_request(const Pair& pair, const std::string& page_id, bool bare = false);

/// GET .../properties/{id}: a whole property, one list page of it.
ApiRequest property_request(const std::string& page_id, const std::string& property_id, const std::string& cursor);

/// A property's values from the pieces of a property item list, in the form a page shows them; for fields that were
/// cut.
void add_items(const json::value& list, json::array& pieces);

}  // namespace rowpage
