// The tables are what Appsmith's own env-file.py makes of these lines; the properties hold for any bytes.
#include "runtime/pin/docker_env.h"

#include "runtime/base/file.h"
#include "tests/fuzz/docker_env_check.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

TEST_CASE("docker.env is read as Appsmith reads it") {
  struct Case {
    std::string line, value;
  };
  const std::vector<Case> cases{
      {"plain", "plain"},
      {"", ""},
      {"''", ""},
      {"'a b'", "a b"},
      {"\"a b\"", "a b"},
      {"a'b c'd", "ab cd"},
      {"'a'\"b\"c", "abc"},
      {"'$x `y` \\ ~'", "$x `y` \\ ~"},
      {"\"\\$x \\\" \\\\ \\` \\n\"", "$x \" \\ ` \\n"},
      {"a\\ b\\$c", "a b$c"},
      {"v   # note", "v"},
      {"v\t", "v"},
      {"a#b", "a#b"},
      {"#b", "#b"},
      {"100$", "100$"},
      {"$%x", "$%x"},
      {"\"$'\"", "$'"},
      {"a~b", "a~b"},
      {"\"~\"", "~"},
      {"=a=", "=a="},
      {"m\xC3\xB8", "m\xC3\xB8"},
      {"'a\tb'", "a\tb"},
  };
  for (const Case& one : cases) {
    INFO(one.line);
    const std::string text = "APPSMITH_K=" + one.line;
    for (const char* end : {"", "\n", "\r\n", "\r"})
      CHECK(parse_docker_env(text + end).values == decltype(DockerEnv::values){{"APPSMITH_K", one.value}});
  }
}

TEST_CASE("docker.env: the last line of a name counts, comments and JVM options do not") {
  const DockerEnv file = parse_docker_env(
      "\n  # APPSMITH_A=no\nAPPSMITH_A=1\r\nMONGO_B=2\nKEYCLOAK_C=3\nPORT=4\nno_proxy=5\nAPPSMITH_A=6\n"
      "APPSMITH_JAVA_ARGS=\nJAVA_OPTS=-Xmx1g $x\n   \n");
  CHECK(file.values ==
        decltype(DockerEnv::values){{"APPSMITH_A", "6"}, {"KEYCLOAK_C", "3"}, {"MONGO_B", "2"}, {"PORT", "4"}, {"no_proxy", "5"}});
  CHECK(file.ignored == std::vector<std::string>{"JAVA_OPTS"});
}

TEST_CASE("docker.env: a line with which Appsmith does not start is refused with its place, and shows no value") {
  struct Case {
    std::string text;
    const char* message;
  };
  const std::vector<Case> cases{
      {"APPSMITH_A=1\nAPPSMITH_B=two words", "docker.env:2:15: APPSMITH_B: a space in a value without quotes"},
      {"APPSMITH_A=a\tb", "docker.env:1:13: APPSMITH_A: a space in a value without quotes"},
      {"APPSMITH_A= v", "docker.env:1:12: APPSMITH_A: a space in a value without quotes"},
      {"APPSMITH_A=x$HOME", "docker.env:1:13: APPSMITH_A: an expression of the shell, which Appsmith does not evaluate"},
      {"APPSMITH_A=\"${X}\"", "docker.env:1:13: APPSMITH_A: an expression of the shell, which Appsmith does not evaluate"},
      {"APPSMITH_A=`id`", "docker.env:1:12: APPSMITH_A: an expression of the shell, which Appsmith does not evaluate"},
      {"APPSMITH_A=$'x'", "docker.env:1:12: APPSMITH_A: an expression of the shell, which Appsmith does not evaluate"},
      {"APPSMITH_A=~/x", "docker.env:1:12: APPSMITH_A: an expression of the shell, which Appsmith does not evaluate"},
      {"APPSMITH_A=a:~", "docker.env:1:14: APPSMITH_A: an expression of the shell, which Appsmith does not evaluate"},
      {"APPSMITH_A='m\xC3\xB8", "docker.env:1:15: APPSMITH_A: a quote has no end"},
      {"APPSMITH_A=\"x\\", "docker.env:1:14: APPSMITH_A: a backslash has nothing to escape"},
      {"APPSMITH_A=x\\", "docker.env:1:13: APPSMITH_A: a backslash has nothing to escape"},
      {std::string("APPSMITH_A=x\x01"), "docker.env:1:13: APPSMITH_A: a control character"},
      {"APPSMITH_A=x\x7f", "docker.env:1:13: APPSMITH_A: a control character"},
      {"PATH=/bin", "docker.env:1:1: a name that Appsmith does not take from this file"},
      {"export APPSMITH_A=1", "docker.env:1:1: a name that Appsmith does not take from this file"},
      {"APPSMITH_A =1", "docker.env:1:1: a name that Appsmith does not take from this file"},
      {"APPSMITH_=1", "docker.env:1:1: a name that Appsmith does not take from this file"},
      {"\xEF\xBB\xBF"
       "APPSMITH_A=1",
       "docker.env:1:1: a name that Appsmith does not take from this file"},
      {"PORT=1\nAPPSMITH_A", "docker.env:2:1: a line without =; expected NAME=value"},
      {"APPSMITH_A=\xff", "docker.env: it is not UTF-8, so that Appsmith does not start with it"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    const Error error = error_of([&] { parse_docker_env(one.text); });
    CHECK(error.code() == Code::dotenv_invalid);
    CHECK(error.message() == one.message);
  }
}

TEST_CASE("the fuzzing corpus of docker.env holds") {
  int valid = 0, refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PLAYBOOK_SOURCE_DIR "/tests/fuzz/corpus/docker_env")) {
    INFO(entry.path());
    ++(check_docker_env(read_file(entry.path())) ? valid : refused);
  }
  CHECK(valid == 2);
  CHECK(refused == 5);
}

TEST_CASE("a secret reference to docker.env opens to the value that counts") {
  PrimitiveFixture bed;
  const std::string path = (bed.instance / "docker.env").string();
  const Json salt = bed.call("secret.docker_env", {{"path", "docker.env"}, {"key", "APPSMITH_ENCRYPTION_SALT"}});
  CHECK(error_of([&] { bed.secrets.open(salt); }).message() == path + " does not exist");
  replace_file(path, "APPSMITH_ENCRYPTION_SALT=first\nAPPSMITH_ENCRYPTION_SALT='second one'\n");
  CHECK(bed.secrets.open(salt) == "second one");
  CHECK(bed.redactor.apply("a second one b") == "a «APPSMITH_ENCRYPTION_SALT» b");
  replace_file(path, "APPSMITH_X=1\n");
  const Error missing = error_of([&] { bed.secrets.open(salt); });
  CHECK(missing.code() == Code::secret_missing);
  CHECK(missing.message() == path + " has no APPSMITH_ENCRYPTION_SALT");
}
