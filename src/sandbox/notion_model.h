// The Notion stand-in: one deterministic model of the service's behaviour, used in-process by the simulator and, behind
// HTTP, as `rowpage sandbox`.
//
// It answers requests as the service does, refusals included, and has the service's inconvenient habits by default:
// queries lag behind writes, times are whole minutes, trashed rows leave queries, long lists are cut, budgets are
// limited. What becomes of a single request on its way (lost, late, answered by an error after its effect) is decided
// per request by its Fate.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sandbox/notion_types.h"
#include "sandbox/query.h"
#include "sandbox/world.h"

namespace rowpage::sandbox {

/// What requests are counted as.
enum class Endpoint {
  get_me,
  list_users,
  get_user,
  search,
  get_database,
  create_database,
  update_database,
  get_source,
  create_source,
  update_source,
  query,
  templates,
  create_page,
  get_page,
  update_page,
  move_page,
  property_item,
  get_markdown,
  update_markdown,
  get_block,
  update_block,
  delete_block,
  get_children,
  append_children,
  create_upload,
  send_upload,
  get_task,
  unknown,
};
inline constexpr std::size_t endpoint_count = static_cast<std::size_t>(Endpoint::unknown) + 1;

std::string_view name_of(Endpoint endpoint);
/// True for requests that change something when they succeed.
bool writes(Endpoint endpoint);

/// Counted for the integration's token only, since the last reset.
struct Stats {
  std::array<std::uint64_t, endpoint_count> requests{};  // everything that arrived, refused ones included
  std::array<std::uint64_t, endpoint_count> effects{};   // writes that changed something, late ones included
  std::uint64_t rate_limited = 0;
  std::uint64_t person_requests = 0;  // of people's tokens

  std::uint64_t requests_total() const;
  std::uint64_t effects_total() const;
};

class NotionModel {
 public:
  /// The clock belongs to the caller; it may stand still. Equal seeds and equal requests give equal answers.
  explicit NotionModel(Habits habits = {}, std::function<Millis()> clock = {}, std::uint64_t seed = 1);

  /// One request with its fate. Late effects that are due are performed first.
  Answer handle(const Request& request, Fate fate = {});

  /// Sees every exchange of every model in this process, on the thread that asks, after the answer is made; the answer
  /// is the one that goes out, fate and all. Set before the first request: it is there to judge and to record.
  using Observer = void (*)(const Request&, const Answer&);
  static void observe(Observer observer) { observer_ = observer; }
  static bool observed() { return observer_ != nullptr; }

  /// Performs the late effects whose time has come.
  void run_due();
  /// How many requests still wait to land.
  std::size_t late_requests() const { return late_.size(); }

  const std::string& integration_token() const { return integration_token_; }
  const std::string& person_token() const { return person_token_; }
  const Id& integration_user() const { return integration_user_; }
  const Id& person_user() const { return person_user_; }
  /// A page shared with the integration, under which databases can be made.
  const Id& root_page() const { return root_page_; }

  /// Another person, with a token of their own.
  std::string add_person(std::string name);
  /// Makes a user that is already known (imported) the one behind the integration's token.
  void act_as(const Id& user);
  /// From now on the token is answered 401.
  void expire_token(const std::string& token);
  /// Takes a page, database or data source (with all below) from the integration, or gives it back. False: no such
  /// thing.
  bool share(const Id& id, bool shared);

  Habits& habits() { return habits_; }
  World& world() { return world_; }
  const Stats& stats() const { return stats_; }
  void reset_stats() { stats_ = {}; }
  Millis now() const { return clock_(); }

 private:
  struct Token {
    Id user;
    bool person = false;
    bool expired = false;
  };
  struct Late {
    Millis due = 0;
    Request request;
  };
  struct Route {
    Endpoint endpoint = Endpoint::unknown;
    std::string_view id;      // path argument, percent-encoded
    std::string_view second;  // property id
    std::string_view id_kind;
  };

  Answer meet(const Request& request, const Fate& fate);
  static Route route(std::string_view method, std::string_view path);
  Answer perform(const Request& request, bool budgeted);
  Outcome<json::object> dispatch(const Route& route, Call& call);
  std::optional<Answer> over_budget(Millis now);
  Answer error_answer(const ApiError& error);
  Answer finish(Answer answer);
  std::string request_id();

  Habits habits_;
  std::function<Millis()> clock_;
  World world_;
  Queries queries_;
  IdSource request_ids_;
  std::map<std::string, Token, std::less<>> tokens_;
  std::string integration_token_, person_token_;
  Id integration_user_, person_user_, root_page_;
  std::deque<Millis> spent_;
  std::vector<Late> late_;
  Stats stats_;
  inline static Observer observer_ = nullptr;
};

}  // namespace rowpage::sandbox
