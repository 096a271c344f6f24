// Catch2 2 (Debian 12) and 3 (Debian 13) under one name.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
namespace playbook::testing {
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
}  // namespace playbook::testing
#else
#include <catch2/catch.hpp>
namespace playbook::testing {
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
inline auto StartsWith(const std::string& text) { return Catch::Matchers::StartsWith(text); }
}  // namespace playbook::testing
#endif
