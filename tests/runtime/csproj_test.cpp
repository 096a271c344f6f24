// Versions in MSBuild files: what is read, what changes, what is refused.
#include "runtime/pin/csproj.h"

#include "runtime/base/file.h"
#include "tests/fuzz/csproj_check.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr auto kPackage = Csproj::What::package;
constexpr auto kProperty = Csproj::What::property;

std::string corpus(const std::string& name) { return read_file(PLAYBOOK_SOURCE_DIR "/tests/fuzz/corpus/csproj/" + name); }

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

std::string project(const std::string& items) { return "<Project>" + items + "</Project>"; }

}  // namespace

TEST_CASE("versions and properties of a csproj are read and set by their bytes", "[csproj]") {
  struct Case {
    std::string text;
    Csproj::What what;
    std::string name, is, value, raw_before, raw_after;
  };
  const std::string web = corpus("web.csproj"), props = corpus("Directory.Packages.props");
  const std::vector<Case> cases{
      {web, kProperty, "TargetFramework", "net8.0", "net9.0", "net8.0", "net9.0"},
      {web, kProperty, "UmbracoVersion", "13.5.2", "14.0.0", "[13.5.2]", "[14.0.0]"},
      {web, kPackage, "umbraco.cms", "13.5.2", "14.0.0", "[13.5.2]", "[14.0.0]"},
      {web, kPackage, "Other", "1.0.0-beta.1", "1.0.0", "'1.0.0-beta&#46;1'", "'1.0.0'"},
      {props, kPackage, "Umbraco.Cms", "13.5.2", "14.0.0", "13.5.2", "14.0.0"},
      {project("<ItemGroup><PackageReference Include=\"A\"><Version>\n 1 </Version></PackageReference></ItemGroup>"), kPackage, "A", "1",
       "a<b", "1", "a&lt;b"},
      {project("<ItemGroup><PackageReference Update='A' VersionOverride = '1'/></ItemGroup>"), kPackage, "A", "1", "it's", "'1'",
       "'it&apos;s'"},
  };
  for (const Case& one : cases) {
    INFO(one.name << " of " << one.text);
    Csproj file = Csproj::parse(one.text, "p.csproj");
    CHECK(file.get(one.what, one.name) == one.is);
    file.set(one.what, one.name, one.value);
    CHECK(file.get(one.what, one.name) == one.value);
    CHECK(file.text() == replaced(one.text, one.raw_before, one.raw_after));
    file.set(one.what, one.name, one.is);
    if (one.raw_before.find('&') == std::string::npos) CHECK(file.text() == one.text);
  }
  CHECK_FALSE(Csproj::parse(web, "p.csproj").get(kPackage, "None"));
  CHECK_FALSE(Csproj::parse(project("<ItemGroup><PackageReference Include='A'/></ItemGroup>"), "p").get(kPackage, "A"));
}

TEST_CASE("what cannot be changed alone in a csproj is refused with its place", "[csproj]") {
  auto message = [](const std::string& text, Csproj::What what, const std::string& name, const std::string& value = "2") {
    return error_of([&] { Csproj::parse(text, "p.csproj").set(what, name, value); }).message();
  };
  CHECK(
      message(project("\n<ItemGroup><PackageReference Include='A' Version='1'/>\n<PackageReference Include='a' Version='2'/></ItemGroup>"),
              kPackage, "A") == "package A is there several times: p.csproj:2:51, p.csproj:3:40");
  CHECK(message(project("<ItemGroup><PackageReference Include='A' Version='$(V)'/></ItemGroup>"), kPackage, "A") ==
        "p.csproj: package A is $(V), which this file does not set");
  CHECK(message(corpus("circle.csproj"), kProperty, "A") == "p.csproj: property A goes in a circle");
  CHECK(message(corpus("mixed.csproj"), kProperty, "TargetFramework") ==
        "p.csproj:1:26: property TargetFramework has more in it than text");
  CHECK(message(corpus("web.csproj"), kPackage, "None") == "p.csproj has no package None; only a value that is there can be set");
  CHECK(message(corpus("web.csproj"), kPackage, "Umbraco.Cms", "a]]>") == "p.csproj:4:30: a value in CDATA cannot hold ]]>");
  CHECK(message(corpus("web.csproj"), kPackage, "Umbraco.Cms", " 1") ==
        "p.csproj: a value for package Umbraco.Cms must be one line of text without blanks around it");
  CHECK(message("<Project><a></Project>", kPackage, "A") == "p.csproj:1:15: no XML that can be read: mismatched tag");
  CHECK(message(corpus("doctype.csproj"), kPackage, "A") == "p.csproj has a document type declaration, which is not read here");
  CHECK(message("\xFF", kPackage, "A") == "p.csproj is not UTF-8 text");
}

TEST_CASE("the fuzzing corpus of csproj holds", "[csproj]") {
  int valid = 0, refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PLAYBOOK_SOURCE_DIR "/tests/fuzz/corpus/csproj")) {
    INFO(entry.path());
    ++(check_csproj(read_file(entry.path()), "1.2.3-<&\"'>") ? valid : refused);
  }
  CHECK(valid == 4);
  CHECK(refused == 2);
}

TEST_CASE("csproj.set edits one version and can be undone", "[csproj]") {
  PrimitiveFixture fixture;
  const std::string before = corpus("Directory.Packages.props");
  auto path = fixture.instance_folder.write("Directory.Packages.props", before);
  const Json args{{"path", "Directory.Packages.props"}, {"value", "13.9.0"}, {"package", "Umbraco.Cms"}};
  CHECK_THAT(fixture.plan("csproj.set", args).diff, ContainsSubstring("+      Version=\"13.9.0\" />"));
  CHECK(fixture.call("csproj.set", args) == true);
  CHECK(fixture.call("csproj.get", {{"path", "Directory.Packages.props"}, {"package", "Umbraco.Cms"}}) == "13.9.0");
  CHECK(fixture.call("csproj.set", args) == false);
  fixture.call("csproj.set", {{"path", path.string()}, {"value", "13.9.1"}, {"package", "Umbraco.Cms"}});
  fixture.undo();
  CHECK(read_file(path) == replaced(before, "13.5.2", "13.9.0"));
  CHECK(error_of([&] { fixture.call("csproj.get", {{"path", path.string()}}); }).message() == "name a package or a property, and not both");
}
