// What a Redis server sends as its snapshot, read as it comes: `REDIS0010`, records, 0xFF, and the CRC of all of it, little-endian (zeros
// where the server was told not to compute one). redis-cli writes forty bytes behind that when the server did not know the length
// beforehand; they are left out. Format: github.com/redis/redis, src/rdb.c and src/redis-cli.c (7.0).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace playbook {

/// CRC-64 of Jones' polynomial, reflected, as Redis has it; `before` goes on with an earlier one.
std::uint64_t crc64_jones(std::string_view bytes, std::uint64_t before = 0);

class RdbStream {
 public:
  /// `sink` gets the snapshot alone; may be empty.
  explicit RdbStream(std::string what, std::function<void(std::string_view)> sink = nullptr)
      : what_(std::move(what)), sink_(std::move(sink)) {}

  void take(std::string_view bytes);
  /// At the end of it. Throws `backup.corrupt` when that was no whole snapshot.
  void finish();
  /// Of the format, such as 10; known after `finish`.
  int version() const { return version_; }

 private:
  [[noreturn]] void refuse(const std::string& why) const;
  bool ends_at(size_t length) const;
  void pass(size_t count);

  const std::string what_;
  const std::function<void(std::string_view)> sink_;
  std::string held_;  ///< the last bytes, which may be more than the snapshot
  std::uint64_t crc_ = 0, passed_ = 0;
  int version_ = 0;
};

}  // namespace playbook
