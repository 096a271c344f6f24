// backup.verify: reads a whole set back.
#include "runtime/backup/verify.h"

#include "runtime/backup/sealed.h"
#include "runtime/base/error.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"

namespace playbook {
namespace {

class BackupVerify : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    std::filesystem::path path = set_path(context, args.at("set"));
    Work work = work_of(context);
    std::vector<Finding> findings = verify_set(path, known_digest(context, args.at("set")), sources_, work);
    if (!findings.empty())
      throw Error(Code::backup_corrupt, "backup set " + path.string() + " is damaged: " + describe(findings),
                  "take the set from another copy, or use another set", {{"findings", to_json(findings)}});
    BackupSet set = BackupSet::open(path);
    const std::filesystem::path identity = identity_of(context, args);
    const bool sealed = !set.manifest().recipients.empty();
    if (sealed && !identity.empty()) expect_clear(ClearSet(set, known_digest(context, args.at("set")), identity, sources_, work), work);
    if (args.at("attest")) attest(set, context);
    Json value = set_value(set, sources_);
    if (sealed && identity.empty()) value["unchecked"] = {"what is in its parts, which are encrypted; an identity opens them"};
    value["moved"] = set.is_of_other_place(context.instance());
    return value;
  }

  Planned plan(Context& context, const Json& args) override {
    Planned planned;
    planned.text = "verify backup set " + set_path(context, args.at("set")).string();
    planned.predicted = is_planned_set(args.at("set"));
    if (planned.predicted) planned.result = args.at("set");
    return planned;
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + set_path(context, args.at("set")).string()};
  }

 private:
  void expect_clear(const ClearSet& clear, Work& work) const {
    const std::vector<Finding> findings = verify_set(clear.set().path(), clear.digest(), sources_, work);
    if (!findings.empty())
      throw Error(Code::backup_corrupt, "backup set " + clear.set().manifest().name + " is damaged: " + describe(findings),
                  "take the set from another copy, or use another set", {{"findings", to_json(findings)}});
  }
  static void attest(const BackupSet& set, Context& context) {
    Json line = attestation_of(context);
    line["kind"] = "verification";
    set.attest(line);
  }

  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "backup.verify",
      .kind = Kind::read,
      .summary = "Hashes every file of a backup set and decodes every part; names each file that is not as it was.",
      .parameters = {{"set", Type::any, "what backup.create gave, or the path or name of a set", true, nullptr},
                     {"identity", Type::path, "of age: the file with a key that opens an encrypted set", false, nullptr},
                     {"attest", Type::boolean, "note in the set, outside of what is verified, that it is good", false, false}},
      .returns = "backup.set",
      .returns_help = "the set; `moved` where it was made of an instance in another folder",
      .errors = {"backup.corrupt", "backup.newer", "file.missing", "cancelled"},
      .example = "backup.verify(saved).name --> \"20261121T071349Z-demo-1.0\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_verify() { return std::make_unique<BackupVerify>(); }

}  // namespace playbook
