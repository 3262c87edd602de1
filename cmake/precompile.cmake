# rowpage_precompile(TARGET HEADERS...)
#
# What nearly every file of a target includes, read once: a third of the time of a cold build under the sanitizers. Only
# where ROWPAGE_PCH says so, because a header that is always there hides an include that is missing.
function(rowpage_precompile target)
  if(ROWPAGE_PCH)
    target_precompile_headers(${target} PRIVATE ${ARGN} <algorithm> <functional> <map> <memory> <optional> <set> <string>
                              <unordered_map> <vector>)
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")  # for ccache
  endif()
endfunction()
