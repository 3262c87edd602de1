// Lists over many things: the rows of a data source, search, people.
//
// A query sees the world as its index did `index_delay` ago. Its cursor is a session: the ordered rows are kept until a
// write to the source becomes visible; then they are computed anew and the list goes on behind the last row shown, so
// that rows which moved meanwhile appear twice or not at all, as with the real service.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "sandbox/call.h"
#include "sandbox/filter.h"

namespace rowpage::sandbox {

struct QuerySession {
  std::string cursor;
  Id source;
  std::shared_ptr<std::vector<const Page*>> rows;
  std::vector<SortKey> last_keys;  // of the last row shown
  std::uint64_t last_sequence = 0;
  std::size_t offset = 0;
  std::size_t served = 0;
  Millis computed = 0;
  Millis made = 0;
};

class Queries {
 public:
  Outcome<json::object> query(Call& call, const Id& source);

 private:
  std::deque<QuerySession> sessions_;
};

Outcome<json::object> search(Call& call);
Outcome<json::object> list_users(Call& call);
Outcome<json::object> get_user(Call& call, const Id& id);

}  // namespace rowpage::sandbox
