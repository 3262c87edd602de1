// A program run as a child, and what it cost: the kernel's account of its processor time, and the highest point of its
// resident memory (VmHWM). Neither figure is made by the program itself.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace rowpage::bench {

struct Cost {
  double cpu_s = 0;     // user and system time of the process and its threads
  double peak_mib = 0;  // VmHWM, looked at every few milliseconds: what grew in the very last of them is not seen
  double took_s = 0;
};

struct Finished {
  int code = -1;  // exit code; 128 + signal
  std::string out, err;
  Cost cost;
};

using Environment = std::map<std::string, std::string>;

/// Starts `words[0]` in `folder`, with nothing in its environment but PATH and these; output goes to the files
/// NAME.out and NAME.err there. -1: no process could be made.
pid_t start(const std::vector<std::string>& words, const Environment& environment, const std::string& folder,
            const std::string& name);

/// Starts it and waits for its end, however long that takes.
Finished run(const std::vector<std::string>& words, const Environment& environment, const std::string& folder);

/// The text of a file; empty when it cannot be read.
std::string slurp(const std::string& path);

}  // namespace rowpage::bench
