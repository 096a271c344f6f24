// Small work on text that several layers share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace playbook {

/// Bytes from outside as UTF-8: what is not valid becomes U+FFFD, so that it can be journaled, shown and sent as JSON.
std::string to_utf8(std::string_view bytes);
bool is_utf8(std::string_view bytes);

std::vector<std::string> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The candidate nearest to `word` by edit distance, or "" when none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// `; did you mean "pull"?`, or "" where nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// `12.3 MiB`
std::string humane_bytes(unsigned long long bytes);

/// For a shell, in single quotes where it needs them.
std::string shell_quoted(const std::string& text);

}  // namespace playbook
