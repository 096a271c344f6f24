#include "runtime/base/version.h"

#include <algorithm>
#include <charconv>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr size_t kMostNumbers = 4;

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

bool identifiers(std::string_view text, std::vector<std::string>& into) {
  into = split(text, '.');
  return std::all_of(into.begin(), into.end(), is_identifier);
}

std::optional<unsigned long long> number(std::string_view text) {
  unsigned long long value = 0;
  if (!all_digits(text)) return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// Digits of any length, compared as numbers.
std::strong_ordering compare_digits(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

// semver 2.0.0 section 11.4: numbers as numbers and below words, words by ASCII.
std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  bool a_number = all_digits(a), b_number = all_digits(b);
  if (a_number && b_number) return compare_digits(a, b);
  if (a_number != b_number) return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_numbers(const std::vector<unsigned long long>& a, const std::vector<unsigned long long>& b) {
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    auto order = (i < a.size() ? a[i] : 0) <=> (i < b.size() ? b[i] : 0);
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

Version from_numbers(const std::vector<unsigned long long>& numbers) {
  std::string text;
  for (unsigned long long value : numbers) text.append(text.empty() ? "" : ".").append(std::to_string(value));
  return Version::parse(text);
}

// One comparison of a range, such as `>=1.96`. `below` is the first version that is too new, for `^`, `~` and `x`.
struct Comparator {
  std::string op;
  std::string version;

  bool accepts(const Version& candidate) const;
};

[[noreturn]] void refuse_range(std::string_view range) {
  throw Error(Code::version_invalid,
              "\"" + std::string(range) + "\" is not a version range; expected one such as \">=1.96 <2\", \"1.2.x\" or \"1.0.0 || ^2.1\"");
}

// `<2` leaves out the pre-releases of 2 itself, which nobody means by it; `<2.0.0-rc.1` says otherwise.
bool is_below(const Version& candidate, const Version& limit) {
  if (!(candidate < limit)) return false;
  return !limit.prerelease().empty() || candidate.prerelease().empty() || compare_numbers(candidate.numbers(), limit.numbers()) != 0;
}

// The numbers with the one at `index` raised and the rest cut off.
Version raised(std::vector<unsigned long long> numbers, size_t index) {
  numbers.resize(index + 1);
  ++numbers[index];
  return from_numbers(numbers);
}

bool is_wildcard(std::string_view part) { return part == "x" || part == "X" || part == "*"; }

bool matches_wildcard(std::string_view pattern, const Version& candidate, std::string_view range) {
  std::vector<unsigned long long> fixed;
  bool wild = false;
  for (const std::string& part : split(pattern.starts_with('v') ? pattern.substr(1) : pattern, '.')) {
    auto value = number(part);
    if (is_wildcard(part))
      wild = true;
    else if (wild || !value)
      refuse_range(range);
    else
      fixed.push_back(*value);
  }
  if (fixed.empty()) return true;
  return candidate >= from_numbers(fixed) && is_below(candidate, raised(fixed, fixed.size() - 1));
}

bool has_wildcard(std::string_view text) {
  for (const std::string& part : split(text.substr(0, text.find('-')), '.'))
    if (is_wildcard(part)) return true;
  return false;
}

bool Comparator::accepts(const Version& candidate) const {
  Version wanted = Version::parse(version);
  if (op == ">") return candidate > wanted;
  if (op == ">=") return candidate >= wanted;
  if (op == "<") return is_below(candidate, wanted);
  if (op == "<=") return candidate <= wanted;
  if (op == "^") {  // the first number that is not 0 stays; ^0.0 and ^0 allow what they leave open
    const auto& numbers = wanted.numbers();
    auto first = std::find_if(numbers.begin(), numbers.end(), [](auto value) { return value != 0; });
    size_t index = first == numbers.end() ? numbers.size() - 1 : static_cast<size_t>(first - numbers.begin());
    return candidate >= wanted && is_below(candidate, raised(numbers, index));
  }
  if (op == "~")
    return candidate >= wanted && is_below(candidate, raised(wanted.numbers(), std::min<size_t>(1, wanted.numbers().size() - 1)));
  return candidate == wanted;
}

// All comparisons of one alternative are read even when an early one fails, so that a wrong range never passes by chance.
bool satisfies_all(const Version& candidate, std::string_view alternative, std::string_view range) {
  constexpr std::string_view kGap = ", \t";
  bool accepted = true, any = false;
  while (true) {
    alternative.remove_prefix(std::min(alternative.find_first_not_of(kGap), alternative.size()));
    if (alternative.empty()) break;
    std::string op(alternative.substr(0, std::min(alternative.find_first_not_of("<>=^~"), alternative.size())));
    alternative.remove_prefix(op.size());
    alternative.remove_prefix(std::min(alternative.find_first_not_of(" \t"), alternative.size()));
    std::string version(alternative.substr(0, alternative.find_first_of(", \t<>=^~")));
    alternative.remove_prefix(version.size());
    constexpr std::string_view kOperators[] = {"", "=", "==", ">", ">=", "<", "<=", "^", "~"};
    if (std::find(std::begin(kOperators), std::end(kOperators), op) == std::end(kOperators)) refuse_range(range);
    bool equals = op.empty() || op == "=" || op == "==";
    if (equals && has_wildcard(version)) {
      accepted = matches_wildcard(version, candidate, range) && accepted;
    } else {
      if (!Version::try_parse(version)) refuse_range(range);
      accepted = Comparator{op, version}.accepts(candidate) && accepted;
    }
    any = true;
  }
  if (!any) refuse_range(range);
  return accepted;
}

}  // namespace

std::optional<Version> Version::try_parse(std::string_view text) {
  Version version;
  version.text_ = text;
  std::string_view rest = text;
  if (rest.starts_with('v') || rest.starts_with('V')) rest.remove_prefix(1);
  if (size_t plus = rest.find('+'); plus != std::string_view::npos) {
    std::vector<std::string> build;
    if (!identifiers(rest.substr(plus + 1), build)) return std::nullopt;
    rest = rest.substr(0, plus);
  }
  if (size_t dash = rest.find('-'); dash != std::string_view::npos) {
    if (!identifiers(rest.substr(dash + 1), version.prerelease_)) return std::nullopt;
    rest = rest.substr(0, dash);
  }
  for (const std::string& part : split(rest, '.')) {
    auto value = number(part);
    if (!value) return std::nullopt;
    version.numbers_.push_back(*value);
  }
  if (version.numbers_.size() > kMostNumbers) return std::nullopt;
  return version;
}

Version Version::parse(std::string_view text) {
  if (auto version = try_parse(text)) return *version;
  throw Error(Code::version_invalid,
              "\"" + to_utf8(text) + "\" is not a version; expected one such as 1.96, v1.99.2, 13.4.0.1 or 1.0.0-beta.51");
}

std::string Version::bare() const {
  std::string_view text = text_;
  if (text.starts_with('v') || text.starts_with('V')) text.remove_prefix(1);
  return std::string(text.substr(0, text.find('+')));
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (auto order = compare_numbers(numbers_, other.numbers_); order != 0) return order;
  if (prerelease_.empty() != other.prerelease_.empty())
    return prerelease_.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  for (size_t i = 0; i < std::min(prerelease_.size(), other.prerelease_.size()); ++i)
    if (auto order = compare_identifiers(prerelease_[i], other.prerelease_[i]); order != 0) return order;
  return prerelease_.size() <=> other.prerelease_.size();
}

bool Version::satisfies(std::string_view range) const {
  bool accepted = false;
  std::string_view rest = range;
  while (true) {
    size_t bar = rest.find("||");
    accepted = satisfies_all(*this, rest.substr(0, bar), range) || accepted;
    if (bar == std::string_view::npos) return accepted;
    rest.remove_prefix(bar + 2);
  }
}

}  // namespace playbook
