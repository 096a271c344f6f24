// Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1986: the furthest-reaching paths, with one snapshot of the
// frontier per edit so that the script can be read backwards. Texts that have next to nothing in common are shown as one replacement.
#include "runtime/base/diff.h"

#include <algorithm>
#include <vector>

namespace playbook {
namespace {

constexpr int kMostEdits = 2000;  // 16 MB of snapshots

using Lines = std::vector<std::string_view>;

struct Edit {
  char kind;  // ' ', '-', '+'
  std::string_view line;
};

// Lines with their ends, so that a missing final newline is a difference.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    size_t end = text.find('\n');
    lines.push_back(text.substr(0, end == std::string_view::npos ? text.size() : end + 1));
    text.remove_prefix(lines.back().size());
  }
  return lines;
}

// True where the path to diagonal `k` came from above (an insertion) rather than from the left.
bool came_down(const std::vector<int>& frontier, int offset, int k, int edits) {
  return k == -edits || (k != edits && frontier[offset + k - 1] < frontier[offset + k + 1]);
}

std::vector<Edit> read_back(const Lines& a, const Lines& b, const std::vector<std::vector<int>>& snapshots) {
  std::vector<Edit> script;
  int x = static_cast<int>(a.size()), y = static_cast<int>(b.size());
  for (int edits = static_cast<int>(snapshots.size()) - 1; edits >= 0; --edits) {
    const std::vector<int>& frontier = snapshots[edits];  // as it was before this edit; index 0 is diagonal -(edits + 1)
    int offset = edits + 1, k = x - y;
    bool down = came_down(frontier, offset, k, edits);
    int from_x = edits == 0 ? 0 : down ? frontier[offset + k + 1] : frontier[offset + k - 1] + 1;
    int from_y = from_x - k;
    for (; x > from_x && y > from_y; --x, --y) script.push_back({' ', a[x - 1]});
    if (edits == 0) break;
    if (down)
      script.push_back({'+', b[--y]});
    else
      script.push_back({'-', a[--x]});
  }
  std::reverse(script.begin(), script.end());
  return script;
}

std::vector<Edit> shortest_script(const Lines& a, const Lines& b) {
  int rows = static_cast<int>(a.size()), columns = static_cast<int>(b.size());
  int most = std::min(rows + columns, kMostEdits);
  int offset = most + 1;
  std::vector<int> frontier(2 * offset + 1, 0);
  std::vector<std::vector<int>> snapshots;
  for (int edits = 0; edits <= most; ++edits) {
    snapshots.emplace_back(frontier.begin() + offset - edits - 1, frontier.begin() + offset + edits + 2);
    for (int k = -edits; k <= edits; k += 2) {
      int x = edits == 0 ? 0 : came_down(frontier, offset, k, edits) ? frontier[offset + k + 1] : frontier[offset + k - 1] + 1;
      int y = x - k;
      while (x < rows && y < columns && y >= 0 && a[x] == b[y]) ++x, ++y;
      frontier[offset + k] = x;
      if (x >= rows && y >= columns) return read_back(a, b, snapshots);
    }
  }
  std::vector<Edit> replacement;
  for (std::string_view line : a) replacement.push_back({'-', line});
  for (std::string_view line : b) replacement.push_back({'+', line});
  return replacement;
}

std::vector<Edit> script_of(Lines a, Lines b) {
  size_t head = 0, tail = 0, least = std::min(a.size(), b.size());
  while (head < least && a[head] == b[head]) ++head;
  while (tail < least - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  std::vector<Edit> script;
  for (size_t i = 0; i < head; ++i) script.push_back({' ', a[i]});
  for (const Edit& edit : shortest_script({a.begin() + head, a.end() - tail}, {b.begin() + head, b.end() - tail})) script.push_back(edit);
  for (size_t i = a.size() - tail; i < a.size(); ++i) script.push_back({' ', a[i]});
  return script;
}

std::string range_text(int before, int count) {
  std::string start = std::to_string(count == 0 ? before : before + 1);
  return count == 1 ? start : start + "," + std::to_string(count);
}

struct Hunk {
  size_t begin, end;  // in the script
};

std::vector<Hunk> hunks_of(const std::vector<Edit>& script, size_t context) {
  std::vector<Hunk> hunks;
  for (size_t i = 0; i < script.size(); ++i) {
    if (script[i].kind == ' ') continue;
    size_t begin = i - std::min(i, context), end = std::min(i + context + 1, script.size());
    if (!hunks.empty() && begin <= hunks.back().end)
      hunks.back().end = end;
    else
      hunks.push_back({begin, end});
  }
  return hunks;
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, int context) {
  if (before == after) return "";
  std::vector<Edit> script = script_of(lines_of(before), lines_of(after));
  std::string text;
  int old_line = 0, new_line = 0;
  size_t at = 0;
  for (Hunk hunk : hunks_of(script, static_cast<size_t>(std::max(context, 0)))) {
    for (; at < hunk.begin; ++at) ++old_line, ++new_line;  // what lies between hunks is common to both
    std::string body;
    int old_count = 0, new_count = 0;
    for (; at < hunk.end; ++at) {
      const Edit& edit = script[at];
      old_count += edit.kind != '+';
      new_count += edit.kind != '-';
      body.append(1, edit.kind).append(edit.line);
      if (!edit.line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
    }
    text += "@@ -" + range_text(old_line, old_count) + " +" + range_text(new_line, new_count) + " @@\n" + body;
    old_line += old_count;
    new_line += new_count;
  }
  return text;
}

}  // namespace playbook
