// Where in a text a byte stands, as errors say it.
#pragma once

#include <string>
#include <string_view>

namespace playbook {

/// `14:12`: line and column in characters, from 1; a byte order mark does not count.
std::string text_place(std::string_view text, size_t offset);

}  // namespace playbook
