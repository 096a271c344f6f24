// keys.escrow: puts keys aside, encrypted to people. The file is written in one instant, and never over another.
#include <filesystem>

#include "runtime/backup/sealed.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/primitives/backup.h"
#include "runtime/primitives/keys.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

class KeysEscrow : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    keyrings_of(args);
    check_recipients(strings_of(args, "recipients"));
    const fs::path file = context.resolve(args.at("to"));
    if (fs::exists(file))
      throw Error(Code::file_failed, file.string() + " is there already", "escrowed keys are never overwritten; name another file");
    return {{"file", file.string()}};
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    const std::string file = prepared.at("file");
    context.reach("keys.escrow.before");
    Work work = work_of(context);
    const std::string sealed = sealed_text(key_texts(context, args), "the keys", strings_of(args, "recipients"), work);
    replace_file(file, sealed, 0600, "", context.faults());
    context.reach("keys.escrow.written");
    return {{"path", file}};
  }

  Planned plan(Context& context, const Json& args) override {
    Planned planned;
    planned.text = "put the keys aside in " + context.resolve(args.at("to")).string() + ", encrypted by age";
    planned.predicted = true;
    planned.result = {{"path", context.resolve(args.at("to")).string()}};
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context&, const Record& record) override {
    discard_temporaries(record.prepared.at("file").get<std::string>());
    remove_file(record.prepared.at("file").get<std::string>());
  }
  // Nobody else makes that file: it was not there when this began.
  Probe probe(Context&, const Record& record) override {
    const std::string file = record.prepared.at("file");
    if (!fs::exists(file)) return {Probe::State::not_done, nullptr, "", false};
    return {Probe::State::done, {{"path", file}}, "", false};
  }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + context.resolve(args.at("to")).string()};
  }

 private:
  SecretBytes key_texts(Context& context, const Json& args) const {
    KeyringReader reader(context, schemes_);
    Json all = Json::object();
    for (const Json& keyring : keyrings_of(args)) {
      Keyring opened = reader.open(keyring);
      if (!opened.problem.empty()) throw Error(Code::secret_missing, opened.problem);
      for (const auto& [name, text] : opened.texts) all[opened.scheme->name()][name] = text.view();
    }
    std::string text = all.dump(2) + "\n";
    for (Json& scheme : all) wipe_members(scheme);
    return SecretBytes::taken_from(text);
  }

  const SchemeRegistry schemes_;
  const Declaration declaration_{
      .name = "keys.escrow",
      .kind = Kind::change,
      .summary = "Puts keys aside in a file that only the holders of age keys can open (`age --decrypt --identity KEY FILE`).",
      .parameters = {kKeyringsParameter,
                     {"to", Type::path, "the file, which must not be there yet", true, nullptr},
                     {"recipients", Type::strings, "public keys of age", true, nullptr}},
      .returns = "{path: string}",
      .returns_help = "the file, readable by its owner alone",
      .errors = {"argument.invalid", "secret.missing", "file.failed", "process.missing", "backup.failed", "disk.full", "cancelled"},
      .example = "keys.escrow(app.keyrings, \"keys.age\", {\"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\"})",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_keys_escrow() { return std::make_unique<KeysEscrow>(); }

}  // namespace playbook
