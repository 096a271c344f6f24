#include "runtime/keys/mistakes.h"

#include <algorithm>
#include <optional>

#include "runtime/base/text.h"
#include "runtime/keys/cipher.h"

namespace playbook {
namespace {

using Mended = std::optional<SecretBytes>;

Mended unless_same(std::string_view before, std::string_view after) {
  if (before == after || after.empty()) return std::nullopt;
  return SecretBytes(after);
}

Mended trimmed(std::string_view key) { return unless_same(key, trim(key)); }

Mended with_newline(std::string_view key) {
  std::string text = std::string(key) + "\n";
  return SecretBytes::taken_from(text);
}

Mended without_quotes(std::string_view key) {
  key = trim(key);
  const bool quoted = key.size() > 2 && (key[0] == '"' || key[0] == '\'') && key.back() == key[0];
  if (!quoted) return std::nullopt;
  return SecretBytes(key.substr(1, key.size() - 2));
}

Mended from_hex(std::string_view key) {
  std::optional<std::string> bytes = key.empty() ? std::nullopt : hex_decoded(key);
  if (!bytes) return std::nullopt;
  return SecretBytes::taken_from(*bytes);
}

Mended to_hex(std::string_view key) {
  std::string text = hex_encoded(key);
  return SecretBytes::taken_from(text);
}

Mended from_base64(std::string_view key) { return key.empty() ? std::nullopt : base64_decoded(key); }

Mended padded(std::string_view key) {
  if (key.size() % 4 == 0 || key.size() % 4 == 1) return std::nullopt;
  std::string text = std::string(key) + std::string(4 - key.size() % 4, '=');
  return SecretBytes::taken_from(text);
}

Mended unpadded(std::string_view key) { return unless_same(key, key.substr(0, key.find_last_not_of('=') + 1)); }

Mended in_lower_case(std::string_view key) {
  std::string text(key);
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  Mended mended = unless_same(key, text);
  SecretBytes::wipe(text);
  return mended;
}

struct Mistake {
  const char* what;
  Mended (*mend)(std::string_view);
};
constexpr Mistake kMistakes[] = {{"without the white space around it", trimmed},
                                 {"with a final newline", with_newline},
                                 {"without its quotes", without_quotes},
                                 {"as the bytes that it is the hex of", from_hex},
                                 {"written in hex", to_hex},
                                 {"as the bytes that it is the base64 of", from_base64},
                                 {"with the base64 padding that it lacks", padded},
                                 {"without its base64 padding", unpadded},
                                 {"in lower case letters", in_lower_case}};

}  // namespace

std::vector<SuspectedKeys> mended_keys(const Scheme& scheme, const KeyTexts& texts) {
  std::vector<std::string> required;
  for (const KeyText& key : scheme.keys())
    if (key.required && texts.contains(key.name)) required.push_back(key.name);
  std::vector<SuspectedKeys> all;
  for (const std::string& name : required)
    for (const Mistake& mistake : kMistakes)
      if (Mended mended = mistake.mend(text_of(texts, name))) {
        all.push_back({"the " + name + " " + mistake.what, copy_of(texts)});
        all.back().texts[name] = *std::move(mended);
      }
  if (required.size() == 2) {
    all.push_back({required[0] + " and " + required[1] + " exchanged", copy_of(texts)});
    std::swap(all.back().texts[required[0]], all.back().texts[required[1]]);
  }
  return all;
}

}  // namespace playbook
