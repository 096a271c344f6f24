// A key ring of ASP.NET's data protection: a folder with one `key-<id>.xml` for each key, and `revocation-*.xml`. Format: "Key storage
// format in ASP.NET Core", learn.microsoft.com/aspnet/core/security/data-protection/implementation/key-storage-format. What a key is made
// of is not looked at; without the ring all sessions, and links that were sent out, are lost.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace playbook {

struct RingKey {
  std::string id, created, activated, expires;  ///< times as they stand there, in ISO 8601
  bool revoked = false;
};

/// By the time of creation. Throws `file.missing` where there is no such folder, `file.failed` for a key that cannot be read.
std::vector<RingKey> read_key_ring(const std::filesystem::path& folder);

}  // namespace playbook
