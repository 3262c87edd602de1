// Why a difference may be there: what waits for the record, or which half moved since both were last in step.
#pragma once

#include <map>
#include <string>

#include "engine/verify.h"

namespace rowpage {

class VerifyReasons {
 public:
  explicit VerifyReasons(const Pair& pair) : pair_(pair) {}

  /// What the state knows of records that wait. Errors: those of Store::waiting and Store::pending.
  Status load(Store& store);

  /// Fills `reason` and `waits` of a field that differs. `link`: nullptr where no sync has tied the halves together.
  void explain(Difference& difference, std::size_t field, const Link* link) const;
  /// The same of a half without another; a reason already there stays unless the state knows a better one.
  void explain_alone(Difference& difference) const;

 private:
  struct Waiting {
    std::string reason;
    Difference::Waits waits;
  };
  const Waiting* waiting(const Difference& difference) const;

  const Pair& pair_;
  std::map<std::string, Waiting, std::less<>> by_name_;  // keys and page ids
};

}  // namespace rowpage
