// Positions in a playbook: levels `title#n` joined by "/". The last level is the request, what stands before it is its block.
#pragma once

#include <string>

namespace playbook {

/// `downtime#1/way_back#1` -> `downtime#1`; "" at the top.
inline std::string block_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

inline bool is_within(const std::string& path, const std::string& block) { return block.empty() || path.starts_with(block + "/"); }

}  // namespace playbook
