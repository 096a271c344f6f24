// The table of values is what Compose v2 makes of these lines (compose-go, dotenv and template); the properties hold for any bytes.
#include "runtime/pin/dotenv.h"

#include <random>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "tests/fuzz/dotenv_check.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using playbook::testing::error_of;

TEST_CASE("values are read as Compose reads them") {
  struct Case {
    std::string text, key;
    std::optional<std::string> value;
  };
  const std::vector<Case> cases{
      {"K=v", "K", "v"},
      {"K = v ", "K", "v"},
      {"  export\tK=v\n", "K", "v"},
      {"exportK=v\n", "exportK", "v"},
      {"K: v=w\n", "K", "v=w"},
      {"K=a:b=c\n", "K", "a:b=c"},
      {"\xEF\xBB\xBFK=v\r\nL=w\r\n", "K", "v"},
      {"K=\r\nL=w", "K", ""},
      {"K=\nL=w", "L", "w"},
      {"K=two words # note\n", "K", "two words"},
      {"K=a#b\n", "K", "a#b"},
      {"K=a\t#b\n", "K", "a\t#b"},
      {"K= #b\n", "K", "#b"},
      {"K=v\xC2\xA0\n", "K", "v"},
      {"K=a\\tb\n", "K", "a\\tb"},
      {"K='a b' # note\n", "K", "a b"},
      {"K='$A\\n'\n", "K", "$A\\n"},
      {"K='it\\'s'\n", "K", "it's"},
      {"K=\"a#b\"#c\n", "K", "a#b"},
      {"K=\"say \\\"hi\\\"\"\n", "K", "say \"hi\""},
      {"K=\"Z\\aZ\\bZ\\fZ\\nZ\\rZ\\tZ\\vZ\\\\Z\\0123Z\"", "K", "Z\aZ\bZ\fZ\nZ\rZ\tZ\vZ\\ZSZ"},
      {"K=\"\\x07 \\u12e4 \\ b \\c\"", "K", "\\x07 \\u12e4 \\ b \\c"},
      {"K=\"a\\\\n\"", "K", "a\\n"},
      {"K=\"one\ntwo\"\nL=x", "K", "one\ntwo"},
      {"K=\"one\ntwo\"\nL=x", "L", "x"},
      {"K=1\nK=2\n", "K", "2"},
      {"A=\"x\" B=y # both\n", "B", "y"},
      {"# K=no\n#\nK=v\n", "K", "v"},
      {"a[1]=c\nFOO.BAR-BAZ=d\n", "FOO.BAR-BAZ", "d"},
      {"K\nL=1\n", "K", std::nullopt},
      {"K=1\nK\n", "K", "1"},
      {"K=1\n", "k", std::nullopt},
      // interpolation
      {"A=1\nK=$A/${A}2\n", "K", "1/12"},
      {"K=$A\nA=1\n", "K", ""},
      {"A=1\nA=2\nK=$A\nA=3\n", "K", "2"},
      {"A=1\nK=\"q $A\"\n", "K", "q 1"},
      {"A=1\nK=\"\\$A \\${A} $A $$A\"\n", "K", "$A ${A} 1 $A"},
      {"K=100$ $1 $\n", "K", "100$ $1 $"},
      {"E=\nK=${E-d}|${E:-d}|${N-d}|${N:-d}\n", "K", "|d|d|d"},
      {"E=\nA=1\nK=${A+s}|${E+s}|${E:+s}|${N+s}\n", "K", "s|s||"},
      {"A=1\nK=${N:-${M:-$A}}x}\n", "K", "1x}"},
      {"A=1\nK=${A:?must be set}\n", "K", "1"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    CHECK(Dotenv::parse(one.text).get(one.key) == one.value);
  }
}

TEST_CASE("the environment comes first where it is asked at all") {
  Dotenv file = Dotenv::parse("A=file\nK=$A\nINHERITED\n");
  auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "A" || name == "INHERITED") return "environment";
    return std::nullopt;
  };
  CHECK(file.get("K") == "file");
  CHECK(file.get("K", environment) == "environment");
  CHECK(file.get("A", environment) == "file");
  CHECK_FALSE(file.get("INHERITED"));
  CHECK(file.get("INHERITED", environment) == "environment");
}

TEST_CASE("a file that Compose would refuse is refused with its place and without a value") {
  struct Case {
    std::string text, message;
  };
  const std::vector<Case> cases{
      {"A=1\nlol$wut\n", ".env:2:4: unexpected character in a name; expected KEY=value"},
      {"\xEF\xBB\xBF%A=1\n", ".env:1:1: unexpected character in a name; expected KEY=value"},
      {"\xC3\xA9t\xC3\xA9?=1\n", ".env:1:4: unexpected character in a name; expected KEY=value"},
      {"A=1\r\n  MY KEY=hunter2\r\n", ".env:2:3: a name has a space in it; expected KEY=value"},
      {"A=1\n=hunter2\n", ".env:2:1: a value without a name; expected KEY=value"},
      {"A=1\nexport NAME", ".env:2:8: a name alone on the last line, which is not ended; Compose refuses that"},
      {"A=1\nB=\"hunter2\nC=3\n", ".env:2:3: a value has no closing \""},
      {"B='hunter2\\'\n", ".env:1:3: a value has no closing '"},
      {"B=hunter2${\n", ".env:1:3: the value of B cannot be read: \"${\" has no closing brace on its line"},
      {"B=\"${}\"\n", ".env:1:3: the value of B cannot be read: \"${\" is not followed by a name"},
      {"B=${A=hunter2}\n",
       ".env:1:3: the value of B cannot be read: \"${A\" goes on in a way that Compose does not know; expected }, -, :-, +, :+, ? or :?"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    Error error = error_of([&] { Dotenv::parse(one.text); });
    CHECK(error.code() == Code::dotenv_invalid);
    CHECK(error.message() == one.message);
  }
}

TEST_CASE("a value that needs what is not set is refused when it is asked for, others are not") {
  Dotenv file = Dotenv::parse("A=${MISSING:?hunter2}\nB=$A\nC=1\n", "/srv/.env");
  CHECK(file.get("C") == "1");
  for (const char* key : {"A", "B"}) {
    Error error = error_of([&] { file.get(key); });
    CHECK(error.message() == "/srv/.env:1:3: the value of A cannot be read: it needs MISSING, which is not set");
    CHECK(error.hint() == "set what it needs in this file, above this line");
  }
}

TEST_CASE("setting a value changes its bytes alone and keeps its quotes where they can hold it") {
  struct Case {
    std::string text, key, value, after;
  };
  const std::vector<Case> cases{
      {"A=1\nV=1.0 # pinned\nB=2", "V", "1.1", "A=1\nV=1.1 # pinned\nB=2"},
      {"V=1\r\nB=2\r\n", "V", "2", "V=2\r\nB=2\r\n"},
      {"  export V = 'a b'\n", "V", "c", "  export V = 'c'\n"},
      {"V=\"a\" # c\n", "V", "$x", "V=\"\\$x\" # c\n"},
      {"V=1\n", "V", "p w", "V='p w'\n"},
      {"V=1\n", "V", "it's $5", "V=\"it's \\$5\"\n"},
      {"V='a'\n", "V", "two\nlines", "V=\"two\\nlines\"\n"},
      {"V: 1\n", "V", "2", "V: 2\n"},
      {"V: \nB=1", "V", "2", "V: 2\nB=1"},
      {"V=\r\nB=1", "V", "2", "V=2\r\nB=1"},
      {"V=   \n", "V", "2", "V=2   \n"},
      {"V=old # c\n", "V", "", "V='' # c\n"},
      {"V=1\n# V=2\nV=3\n", "V", "4", "V=1\n# V=2\nV=4\n"},
      {"V\nB=1\n", "V", "2", "V=2\nB=1\n"},
      {"V=\"one\ntwo\"\nB=1", "V", "x", "V=\"x\"\nB=1"},
      {"V=$A\n", "V", "", "V=\n"},
      {"V=\"same\"\n", "V", "same", "V=\"same\"\n"},
      {"A=1\nV=$A\n", "V", "1", "A=1\nV=1\n"},
      {"A=1", "V", "2", "A=1\nV=2\n"},
      {"A=1\r\nB=2", "V", "x y", "A=1\r\nB=2\r\nV='x y'\r\n"},
      {"", "V", "2", "V=2\n"},
      {"\xEF\xBB\xBF", "V", "2", "\xEF\xBB\xBFV=2\n"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    Dotenv file = Dotenv::parse(one.text);
    file.set(one.key, one.value);
    CHECK(file.text() == one.after);
    CHECK(file.get(one.key) == one.value);
  }
}

TEST_CASE("unsetting takes away every line that sets the key, with its comment, and no other") {
  struct Case {
    std::string text, after;
  };
  const std::vector<Case> cases{
      {"A=1\nexport V=2 # why\nB=3\n", "A=1\nB=3\n"},
      {"V=1\r\nA=1\r\nV=2", "A=1\r\n"},
      {"\xEF\xBB\xBFV=1\nA=2\n",
       "\xEF\xBB\xBF"
       "A=2\n"},
      {"A=\"x\" V=1 # c\n", "A=\"x\"  # c\n"},
      {"V=\"x\" A=1 # c\n", " A=1 # c\n"},
      {"V\nA=1\n", "A=1\n"},
      {"V=\"one\ntwo\" # c\nA=1\n", "A=1\n"},
      {"# V=1\nA=1\n", "# V=1\nA=1\n"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    Dotenv file = Dotenv::parse(one.text);
    CHECK(file.unset("V") == (one.text != one.after));
    CHECK(file.text() == one.after);
    CHECK_FALSE(file.get("V"));
  }
}

TEST_CASE("of several lines that set a key the last one can be kept alone") {
  struct Case {
    std::string text, after;
  };
  const std::vector<Case> cases{
      {"V=1 # old\nA=1\nexport V=2 # why\nV=3\n", "A=1\nV=3\n"},
      {"V=1\r\nV='2' # c\r\n", "V='2' # c\r\n"},
      {"V=1\n", "V=1\n"},
      {"A=1\n", "A=1\n"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    Dotenv file = Dotenv::parse(one.text);
    std::optional<std::string> value = file.get("V");
    file.keep_last("V");
    CHECK(file.text() == one.after);
    CHECK(file.get("V") == value);
  }
}

TEST_CASE("what no .env file can hold is refused") {
  Dotenv file = Dotenv::parse("A=1\n");
  CHECK(error_of([&] { file.set("MY KEY", "x"); }).message() ==
        "\"MY KEY\" is not a name for a .env file; expected letters, digits and _ . -");
  CHECK(error_of([&] { file.set("", "x"); }).code() == Code::argument_invalid);
  CHECK(error_of([&] { file.set("K", std::string_view("a\0b", 3)); }).message() ==
        "a value for K has a zero byte, which no environment can hold");
  CHECK(file.text() == "A=1\n");
}

namespace {

std::string nasty(std::mt19937& random) {
  static const std::vector<std::string> kPieces{
      "'",  "\"",   "\\",   "$",        "${",           "}",        "$$",   "#",       " #",      " ",  "\n",
      "\r", "\t",   "=",    ":",        "\\n",          "\\$",      "\\'",  "\\\"",    "\\0123",  "`",  "a",
      "Z9", "\x01", "\x7F", "\xC2\xA0", "\xE3\x80\x80", "\xC3\xA9", "\xFF", "${A:-b}", "export ", "//", "%"};
  std::string text;
  for (unsigned count = random() % 8; count > 0; --count) text += kPieces[random() % kPieces.size()];
  return text;
}

}  // namespace

TEST_CASE("any value that is set reads back, every other byte stays, and setting the old value again restores the bytes") {
  std::mt19937 random(11);
  const std::vector<std::string> frames{"A=1\n%s\nZ='z' # c\n", "\xEF\xBB\xBF# c\r\n%s\r\nZ=z", "%s", "X=\"x\n y\" %s\n"};
  const std::vector<std::pair<std::string, std::string>> lines{
      {"V=old", "old"}, {"V='old one'", "old one"}, {"export V = \"old\\n$$\" # c", "old\n$"}, {"V: old", "old"}, {"B=1", ""}};
  for (int round = 0; round < 4000; ++round) {
    auto [line, old_value] = lines[random() % lines.size()];
    std::string frame = frames[random() % frames.size()];
    std::string text = frame.replace(frame.find("%s"), 2, line);
    std::string value = nasty(random);
    INFO(text << "\n<- " << value);
    Dotenv file = Dotenv::parse(text);
    testing::check_set(file, "V", value);
    if (old_value.empty()) continue;
    Dotenv changed = file;
    changed.set("V", value);
    changed.set("V", old_value);
    auto style = [](const Dotenv& of) {
      for (const Dotenv::Entry& entry : of.entries())
        if (entry.key == "V") return entry.style;
      return Dotenv::Style::inherit;
    };
    // `$$` and `\$` are two ways to write one dollar: bytes are the same again only where ours was there before.
    if (style(changed) == style(file) && line.find("$$") == std::string::npos) CHECK(changed.text() == text);
    CHECK(changed.get("V") == old_value);
  }
}

TEST_CASE("the fuzzing corpus holds") {
  int valid = 0, refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PLAYBOOK_SOURCE_DIR "/tests/fuzz/corpus/dotenv")) {
    INFO(entry.path());
    std::string text = read_file(entry.path());
    std::string value = "va'l\"u$e #\\";
    if (size_t zero = text.find('\0'); zero != std::string::npos) value = text.substr(zero + 1), text.resize(zero);
    ++(testing::check_dotenv(text, value) ? valid : refused);
  }
  CHECK(valid == 6);
  CHECK(refused == 3);
}

TEST_CASE("a secret reference to a .env file opens to its value") {
  testing::TempFolder folder;
  std::string path = folder.write(".env", "U=app\nURL=\"postgres://$U@db\"\n").string();
  Redactor redactor;
  SecretStore store(redactor);
  add_dotenv_source(store);
  CHECK(store.open(secret_from_dotenv(path, "URL")) == "postgres://app@db");
  CHECK(redactor.apply("to postgres://app@db") == "to «URL»");
  Error error = error_of([&] { store.open(secret_from_dotenv(path, "NONE")); });
  CHECK(error.code() == Code::secret_missing);
  CHECK(error.message() == path + " has no NONE");
}
