#include "cli/exit_code.h"

#include <algorithm>
#include <iterator>

namespace rowpage {
namespace {

// Most pressing first. A person who interrupted knows; a refused token explains whatever else went wrong; and so on.
constexpr ExitCode order[] = {
    ExitCode::interrupted, ExitCode::not_authorised, ExitCode::lease_held, ExitCode::usage,       ExitCode::brake,
    ExitCode::failed,      ExitCode::conflicts,      ExitCode::parked,     ExitCode::has_changes, ExitCode::done,
};

}  // namespace

ExitCode worse(ExitCode a, ExitCode b) {
  return *std::find_if(std::begin(order), std::end(order), [&](ExitCode code) { return code == a || code == b; });
}

ExitCode exit_code_of(const Error& error) {
  switch (error.cause) {
    case Cause::usage:
      return ExitCode::usage;
    case Cause::unauthorised:
    case Cause::forbidden:
      return ExitCode::not_authorised;
    case Cause::lease_lost:
      return ExitCode::lease_held;
    case Cause::brake:
      return ExitCode::brake;
    case Cause::interrupted:
      return ExitCode::interrupted;
    default:
      return ExitCode::failed;
  }
}

ExitCode exit_code_of(const PairReport& report) {
  ExitCode code = ExitCode::done;
  if (report.error) code = worse(code, exit_code_of(*report.error));
  if (report.interrupted) code = worse(code, ExitCode::interrupted);
  if (report.undecided > 0) code = worse(code, ExitCode::conflicts);
  if (report.parked > 0 || report.held > 0) code = worse(code, ExitCode::parked);
  return code;
}

std::string_view exit_status_help() {
  return "EXIT STATUS\n"
         "  0    done\n"
         "  1    failed\n"
         "  2    usage or configuration: nothing was tried\n"
         "  3    done, but some records are parked (`rowpage parked list`)\n"
         "  4    done, but conflicts wait for a decision (`rowpage conflicts list`)\n"
         "  5    a brake tripped: more would be deleted, rewritten or created than the limits allow\n"
         "  6    not authorised: a token, key or password was refused, or a permission is missing\n"
         "  7    another runner holds the workspace\n"
         "  10   `plan --exit-code` found changes\n"
         "  130  interrupted; what was begun is finished and recorded\n"
         "  Several at once: 130 before 6, 7, 2, 5, 1, 4, 3.\n";
}

}  // namespace rowpage
