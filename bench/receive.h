// What an import cannot do without: asking for all pages, receiving the answers and parsing them, with the very code
// the program uses for that (HttpClient, CurlTransport, parse_json). It looks at nothing but the cursor and the time
// of the last page. The program's processor time over this one's is the price of everything Rowpage adds.
#pragma once

#include <string>

namespace rowpage::bench {

/// Exit code. Says on stderr what went wrong.
int receive(const std::string& base_url, const std::string& token, const std::string& data_source);

}  // namespace rowpage::bench
