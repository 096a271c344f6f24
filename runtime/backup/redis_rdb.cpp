#include "runtime/backup/redis_rdb.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "runtime/base/error.h"

namespace playbook {
namespace {

constexpr std::string_view kMagic = "REDIS";
constexpr size_t kHeader = 9, kEnd = 9, kMark = 40, kHeld = kEnd + kMark;
constexpr size_t kPiece = 64u << 10;

}  // namespace

void RdbStream::refuse(const std::string& why) const {
  throw Error(Code::backup_corrupt, what_ + " is no whole snapshot of Redis: " + why);
}

void RdbStream::take(std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kPiece))) {
    held_ += bytes.substr(0, kPiece);
    if (held_.size() > kHeld + kHeader) pass(held_.size() - kHeld);
  }
}

void RdbStream::pass(size_t count) {
  std::string_view some = std::string_view(held_).substr(0, count);
  if (passed_ == 0) {
    const std::string_view digits = some.substr(0, kHeader).substr(std::min(some.size(), kMagic.size()));
    if (!some.starts_with(kMagic) || digits.size() != kHeader - kMagic.size() ||
        !std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c); }))
      refuse("it does not begin as one");
    version_ = std::stoi(std::string(digits));
  }
  crc_ = crc64_jones(some, crc_);
  passed_ += count;
  if (sink_) sink_(some);
  held_.erase(0, count);
}

// Does the snapshot end after so many of the held bytes?
bool RdbStream::ends_at(size_t length) const {
  if (held_.size() < length || length < kEnd || held_[length - kEnd] != '\xff') return false;
  std::uint64_t sum = 0;
  std::memcpy(&sum, held_.data() + length - 8, 8);
  return sum == 0 || sum == crc64_jones(std::string_view(held_).substr(0, length - 8), crc_);
}

void RdbStream::finish() {
  for (size_t length : {held_.size(), held_.size() - std::min(held_.size(), kMark)}) {
    if (!ends_at(length)) continue;
    held_.resize(length);
    return pass(length);
  }
  refuse(passed_ + held_.size() == 0 ? "it is empty" : "it is cut short or damaged");
}

}  // namespace playbook
