// SHA-256 through OpenSSL, in one call or as a stream.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace playbook {

/// Lower-case hex SHA-256 of `bytes`.
std::string sha256(std::string_view bytes);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  /// Lower-case hex; the object must not be used afterwards.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace playbook
