// A `.env` file as Docker Compose v2 reads it (github.com/compose-spec/compose-go, dotenv/parser.go and template/template.go), edited so
// that every byte stays but those of the value that is set. What Compose refuses is refused with its place; messages never show a value.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/secret.h"

namespace playbook {

class Dotenv {
 public:
  /// inherit: a key alone on its line, whose value comes from the environment.
  enum class Style { inherit, plain, single_quoted, double_quoted };

  /// Byte ranges in `text()`. A file may set a key twice; the last one counts.
  struct Entry {
    std::string key;
    Style style = Style::inherit;
    size_t begin = 0;        ///< of the statement, at `export` where there is one
    size_t value_begin = 0;  ///< with quotes; where a value would go when there is none
    size_t value_end = 0;
  };

  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  /// `name` is how errors call the file. Throws `dotenv.invalid`: `.env:3:5: ...`.
  static Dotenv parse(std::string text, std::string name = ".env");

  const std::string& text() const { return text_; }
  const std::vector<Entry>& entries() const { return entries_; }

  /// The value that Compose would give, with escapes and `${NAME:-default}` resolved: from the environment where one is given, then from
  /// earlier lines. Throws `dotenv.invalid` when that needs a `${NAME:?}` that is not there.
  std::optional<std::string> get(std::string_view key, const Environment& environment = nullptr) const;

  /// From now on `get(key)` is `value`, literally. Keeps the quotes that are there where they can hold it, else takes ones that can; a new
  /// key goes to the end. Throws `argument.invalid` for a key that Compose cannot read or a value with a zero byte.
  void set(std::string_view key, std::string_view value);

  /// Takes away every line that sets the key but the last, the one that counts.
  void keep_last(std::string_view key);

  /// Takes away every line that sets the key; false when there was none.
  bool unset(std::string_view key);

 private:
  struct Parser;

  Dotenv(std::string text, std::string name) : text_(std::move(text)), name_(std::move(name)) {}
  const Entry* last(std::string_view key) const;
  std::string_view raw(const Entry& entry) const {
    return std::string_view(text_).substr(entry.value_begin, entry.value_end - entry.value_begin);
  }
  std::string place(size_t at) const;
  std::optional<Dotenv> with_value(std::string_view key, std::string_view raw_value) const;
  void remove(const Entry& entry);

  std::string text_;
  std::string name_;
  std::vector<Entry> entries_;
};

/// Lets the store open `secret.dotenv` references: the value that `Dotenv::get` gives, without an environment.
void add_dotenv_source(SecretStore& store);

}  // namespace playbook
