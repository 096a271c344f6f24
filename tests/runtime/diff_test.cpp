#include "runtime/base/diff.h"

#include <random>
#include <vector>

#include "runtime/base/text.h"
#include "tests/support/catch.h"

using playbook::unified_diff;

TEST_CASE("a difference is shown with two lines around it") {
  CHECK(unified_diff("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\n") == "@@ -2,5 +2,5 @@\n b\n c\n-d\n+X\n e\n f\n");
}

TEST_CASE("differences far apart make hunks of their own, near ones share one") {
  CHECK(unified_diff("a\n1\n2\n3\n4\n5\nb\n", "A\n1\n2\n3\n4\n5\nB\n", 1) == "@@ -1,2 +1,2 @@\n-a\n+A\n 1\n@@ -6,2 +6,2 @@\n 5\n-b\n+B\n");
  CHECK(unified_diff("a\n1\n2\nb\n", "A\n1\n2\nB\n", 1) == "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n-b\n+B\n");
}

TEST_CASE("edges of texts") {
  CHECK(unified_diff("same\n", "same\n").empty());
  CHECK(unified_diff("", "").empty());
  CHECK(unified_diff("", "a\n") == "@@ -0,0 +1 @@\n+a\n");
  CHECK(unified_diff("a\n", "") == "@@ -1 +0,0 @@\n-a\n");
  CHECK(unified_diff("a", "a\n") == "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

TEST_CASE("texts with nothing in common are one replacement, quickly") {
  std::string before, after;
  for (int i = 0; i < 3000; ++i) before += "old " + std::to_string(i) + "\n", after += "new " + std::to_string(i) + "\n";
  std::string diff = unified_diff(before, after);
  CHECK(playbook::testing::StartsWith("@@ -1,3000 +1,3000 @@\n-old 0\n").match(diff));
}

namespace {

// Applies a diff with whole context, as patch(1) would.
std::string patched(const std::string& diff) {
  std::string text;
  for (const std::string& line : playbook::split(diff, '\n')) {
    if (line.starts_with("\\"))
      text.pop_back();
    else if (line.starts_with(" ") || line.starts_with("+"))
      text += line.substr(1) + "\n";
  }
  return text;
}

size_t longest_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<size_t> row(b.size() + 1, 0);
  for (const std::string& line : a) {
    size_t diagonal = 0;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t above = row[j + 1];
      row[j + 1] = line == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

TEST_CASE("a difference leads from one text to the other by the fewest lines") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> lines[2];
    std::string texts[2];
    for (int side = 0; side < 2; ++side)
      for (unsigned count = random() % 20; count > 0; --count) {
        lines[side].emplace_back(1, static_cast<char>('a' + random() % 4));
        texts[side] += lines[side].back() + "\n";
      }
    std::string diff = unified_diff(texts[0], texts[1], 1000);
    INFO(texts[0] << "---\n" << texts[1] << "---\n" << diff);
    if (texts[0] == texts[1]) continue;
    CHECK(patched(diff) == texts[1]);
    size_t edits = 0;
    for (const std::string& line : playbook::split(diff, '\n')) edits += line.starts_with("+") || line.starts_with("-");
    CHECK(edits == lines[0].size() + lines[1].size() - 2 * longest_common(lines[0], lines[1]));
  }
}
