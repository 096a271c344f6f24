// libFuzzer: a stored value, tried in every scheme. Whatever it is, it gets an outcome.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/keys/scheme.h"

using namespace playbook;

namespace {

struct Openers {
  Openers() {
    const SchemeRegistry schemes;
    const std::pair<const char*, KeyTexts> all[] = {{"appsmith-v1", texts({{"password", "Xk3PqLm92aBcD"}, {"salt", "Zt7RwYh41eFgH"}})},
                                                    {"appsmith-v2", texts({{"password", "Xk3PqLm92aBcD"}, {"salt", "Zt7RwYh41eFgH"}})},
                                                    {"activepieces", texts({{"key", "4f1d2a9c0b7e63855d21c4fa98e07b36"}})},
                                                    {"appstrate", texts({{"key", "lH6w+43MZjujK+86V8J/8dLuTN/lS0p9Ovmw7HWUSXM="}})},
                                                    {"better-auth", texts({{"secret", "playbook-test-auth-secret-0001"}})}};
    for (const auto& [name, keys] : all) openers.push_back(schemes.at(name).prepare(keys).opener);
  }
  static KeyTexts texts(std::initializer_list<std::pair<const char*, const char*>> given) {
    KeyTexts made;
    for (const auto& [name, text] : given) made.emplace(name, SecretBytes(std::string_view(text)));
    return made;
  }
  std::vector<std::unique_ptr<Opener>> openers;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Openers all;
  for (const auto& opener : all.openers) opener->open(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
