#include "bindings/cli/live_rows.h"

#include <algorithm>

namespace playbook::cli {
namespace {

constexpr int kNoClip = 1 << 20;

bool is_open(const Row& row) { return row.mark == Row::Mark::open; }

const char* mark_of(const Row& row, const Marks& marks) {
  switch (row.mark) {
    case Row::Mark::none:
      return "";
    case Row::Mark::ok:
      return marks.ok;
    case Row::Mark::failed:
      return marks.failed;
    case Row::Mark::open:
      return marks.open;
    case Row::Mark::note:
      return marks.note;
    case Row::Mark::warning:
      return marks.warning;
    case Row::Mark::unknown:
      return marks.unknown;
    case Row::Mark::cancelled:
      return marks.failed;
  }
  return "";
}

Colour row_colour(const Row& row) {
  switch (row.mark) {
    case Row::Mark::ok:
      return Colour::green;
    case Row::Mark::failed:
      return Colour::red;
    case Row::Mark::open:
      return Colour::cyan;
    case Row::Mark::warning:
    case Row::Mark::unknown:
    case Row::Mark::cancelled:
      return Colour::yellow;
    default:
      return Colour::dim;
  }
}

// Whole seconds: tenths that change are unrest.
std::string elapsed_text(std::chrono::milliseconds elapsed) {
  if (elapsed < std::chrono::minutes(1)) return std::to_string(elapsed.count() / 1000) + "s";
  return humane(elapsed);
}

}  // namespace

Row* LiveRows::find(const std::string& key) {
  auto found = std::find_if(rows_.rbegin(), rows_.rend(), [&](const Row& row) { return !row.output && row.key == key; });
  return found == rows_.rend() ? nullptr : &*found;
}

void LiveRows::trim_output(const std::string& key, size_t keep) {
  auto is_output = [&](const Row& row) { return row.output && row.key == key; };
  auto count = static_cast<size_t>(std::count_if(rows_.begin(), rows_.end(), is_output));
  rows_.erase(std::remove_if(rows_.begin(), rows_.end(), [&](const Row& row) { return is_output(row) && count-- > keep; }), rows_.end());
}

void LiveRows::erase(const std::string& key) {
  rows_.erase(std::remove_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.key == key; }), rows_.end());
}

bool LiveRows::changing() const { return std::any_of(rows_.begin(), rows_.end(), is_open); }

std::string LiveRows::line(const Row& row, int width) const {
  const Paint paint(terminal_.colours);
  const Marks& pictures = marks(terminal_.unicode);
  const Utc now = clock_.utc();
  std::string mark = mark_of(row, pictures);
  std::string tail;
  if (is_open(row) && width != kNoClip) {
    const auto elapsed = std::max(std::chrono::milliseconds(0), now - row.began);
    mark = pictures.spinner[now.time_since_epoch().count() / 100 % pictures.spinner_length];
    if (!row.detail.empty()) tail += "  " + row.detail;
    if (elapsed >= std::chrono::seconds(1)) tail += "  " + elapsed_text(elapsed);
  } else if (row.took) {
    tail = "  " + humane(*row.took);
  }
  const std::string indent(static_cast<size_t>(row.depth) * 2, ' ');
  const int room = width - columns(indent) - columns(mark) - 1 - columns(tail);
  const std::string text = clip(row.text, std::max(room, 8), terminal_.unicode);
  return indent + paint(row_colour(row), mark) + (mark.empty() ? "" : " ") + paint(row.colour, text) + paint(Colour::dim, tail);
}

void LiveRows::move_up(std::string& frame) {
  if (drawn_ > 0) frame += "\r\x1b[" + std::to_string(drawn_) + "A";
  drawn_ = 0;
}

void LiveRows::draw() {
  std::string frame;
  move_up(frame);
  const int room = std::max(terminal_.height() - 2, 4);
  size_t settled = 0;
  while (settled < rows_.size() && (!is_open(rows_[settled]) || rows_.size() - settled > static_cast<size_t>(room))) {
    frame += line(rows_[settled++], kNoClip) + "\x1b[K\n";
  }
  rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(settled));
  const int width = terminal_.width() - 1;
  for (const Row& row : rows_) {
    frame += line(row, width) + "\x1b[K\n";
    ++drawn_;
  }
  out_ << frame << "\x1b[J";
  out_.flush();
}

void LiveRows::hide() {
  std::string frame;
  move_up(frame);
  out_ << frame << "\x1b[J";
  out_.flush();
}

void LiveRows::settle() {
  std::string frame;
  move_up(frame);
  for (const Row& row : rows_) frame += line(row, kNoClip) + "\x1b[K\n";
  rows_.clear();
  out_ << frame << "\x1b[J";
  out_.flush();
}

}  // namespace playbook::cli
