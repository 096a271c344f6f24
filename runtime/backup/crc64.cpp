// CRC-64 of two polynomials, eight bytes at a time (slicing-by-8: M. Kounavis and F. Berry, "A Systematic Approach to Building High
// Performance Software-Based CRC Generators", 2005), because archives are large and a table of bytes is slower than gzip.
#include <array>
#include <bit>
#include <cstring>

#include "runtime/backup/mongodump_archive.h"
#include "runtime/backup/redis_rdb.h"

namespace playbook {
namespace {

using Tables = std::array<std::array<std::uint64_t, 256>, 8>;

constexpr Tables make_tables(std::uint64_t polynomial) {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ polynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (size_t slice = 1; slice < 8; ++slice)
    for (size_t byte = 0; byte < 256; ++byte) {
      std::uint64_t before = tables[slice - 1][byte];
      tables[slice][byte] = tables[0][before & 255] ^ before >> 8;
    }
  return tables;
}

constexpr Tables kXz = make_tables(0xC96C5795D7870F42), kJones = make_tables(0x95AC9329AC4BC9B5);

std::uint64_t advance(const Tables& tables, std::string_view bytes, std::uint64_t crc) {
  static_assert(std::endian::native == std::endian::little);
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    word ^= crc;
    crc = 0;
    for (size_t slice = 0; slice < 8; ++slice) crc ^= tables[7 - slice][word >> (8 * slice) & 255];
  }
  for (char byte : bytes) crc = tables[0][(crc ^ static_cast<unsigned char>(byte)) & 255] ^ crc >> 8;
  return crc;
}

}  // namespace

std::uint64_t crc64(std::string_view bytes, std::uint64_t before) { return ~advance(kXz, bytes, ~before); }
std::uint64_t crc64_jones(std::string_view bytes, std::uint64_t before) { return advance(kJones, bytes, before); }

}  // namespace playbook
