// The source `external`: a snapshot that was taken elsewhere, of which the set holds only what the operator vouches for: {type="external",
// id="vol-0a1b@2026-11-21", time="2026-11-21T07:00:00Z", way_back="how to bring it back", name="disk"}. It has no parts. Nothing here can
// look at it or bring it back: a rehearsal says so, a restore is refused and tells the way back.
#include "runtime/backup/source.h"
#include "runtime/base/clock.h"
#include "runtime/base/error.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

class ExternalSource final : public Source {
 public:
  std::string type() const override { return "external"; }
  bool reads_beside(const Json&) const override { return true; }

  Json check(const Json& spec, const fs::path&) const override {
    const std::vector<std::string> members{"type", "id", "time", "way_back", "name"};
    check_spec(spec, members);
    Json complete{{"type", "external"}, {"name", get_or<std::string>(spec, "name", "external")}};
    for (const char* key : {"id", "time", "way_back"}) {
      const Json value = get_or<Json>(spec, key, nullptr);
      if (!value.is_string() || value.get<std::string>().find_first_not_of(" \n\t") == std::string::npos)
        throw Error(Code::argument_invalid,
                    std::string("source external: ") + key + " must be a text that is not blank, found " + canonical(value));
      complete[key] = value;
    }
    try {
      complete["time"] = to_iso(parse_iso(complete["time"].get<std::string>()));
    } catch (const Error&) {
      throw Error(Code::argument_invalid, "source external: time must be like 2026-11-21T07:00:00Z, found " + canonical(complete["time"]));
    }
    check_spec(complete, members);
    return complete;
  }

  std::string describe(const Json& spec) const override {
    return "snapshot " + spec.at("id").get<std::string>() + " of " + spec.at("time").get<std::string>() + ", taken elsewhere";
  }
  std::vector<std::string> touches(const Json& spec) const override { return {"external:" + spec.at("id").get<std::string>()}; }
  std::uint64_t estimate(const Json&, Work&) const override { return 0; }
  Json create(const Json&, SetWriter&, Work&) const override { return Json::object(); }
  std::vector<std::string> warnings(const StoredSource& source) const override {
    return {describe(source.spec) + ": nobody looked at it; the operator vouches for it"};
  }
  void verify(const Stored&, Work&) const override {}
  Json rehearse(const Stored& stored, Work&) const override {
    return {{"name", stored.source.name}, {"type", type()}, {"rehearsed", false}, {"vouched", stored.source.spec.at("id")}};
  }
  void check_restore(const Stored& stored, Work&) const override {
    throw Error(Code::unsupported, describe(stored.source.spec) + " cannot be brought back from here",
                stored.source.spec.at("way_back").get<std::string>() + "; then restore the other sources of the set with `only`");
  }
  Json restore(const Stored& stored, Work& work) const override {
    check_restore(stored, work);
    return nullptr;
  }
  // What is in it is not known, so neither is what differs.
  std::vector<std::string> differences(const Stored&, Work&) const override { return {}; }
  Json loss(const Stored& stored, Work&) const override {
    return {{"name", stored.source.name},
            {"type", type()},
            {"items", Json::array({{{"what", describe(stored.source.spec)}, {"unreadable", "it is not in the set"}}})}};
  }
  std::string instructions(const Stored& stored) const override {
    return "**The " + describe(stored.source.spec) + "**. It is not in this set. The way back, as it was told then:\n\n   " +
           stored.source.spec.at("way_back").get<std::string>() + "\n";
  }
};

}  // namespace

std::unique_ptr<Source> make_external_source() { return std::make_unique<ExternalSource>(); }

}  // namespace playbook
