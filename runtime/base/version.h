// Release versions as the four systems write them: semver, a leading `v`, four parts, pre-releases compared number by number.
// Order: semver 2.0.0 section 11, with missing parts read as 0. Two versions that cannot be compared (a word such as `latest`) say so.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace playbook {

class Version {
 public:
  /// Throws `version.invalid` with the text and what was expected.
  static Version parse(std::string_view text);
  static std::optional<Version> try_parse(std::string_view text);

  const std::string& text() const { return text_; }  ///< as written
  std::string bare() const;                          ///< without `v` and build metadata
  const std::vector<unsigned long long>& numbers() const { return numbers_; }
  const std::vector<std::string>& prerelease() const { return prerelease_; }

  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }

  /// `>=1.96 <2`, `1.2.x`, `1.0.0 || ^2.1`: comma or space means and, `||` means or. Throws `version.invalid`.
  bool satisfies(std::string_view range) const;

 private:
  std::string text_;
  std::vector<unsigned long long> numbers_;
  std::vector<std::string> prerelease_;
};

}  // namespace playbook
