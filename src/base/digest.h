// SHA-256 and random ids.
#pragma once

#include <string>
#include <string_view>

namespace rowpage {

/// 64 lower-case hexadecimal digits (FIPS 180-4).
std::string sha256_hex(std::string_view bytes);

/// A random UUID, version 4 (RFC 9562), from the system's generator.
std::string random_uuid();

}  // namespace rowpage
