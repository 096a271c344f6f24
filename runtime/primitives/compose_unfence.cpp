// compose.unfence: gives the containers their restart policies back. Where no fence stands it does nothing.
#include "runtime/primitives/compose.h"

namespace playbook {
namespace {

class ComposeUnfence : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    ComposeWork work(context, args);
    std::optional<ComposeFence> stands = compose_fence_record(context, work.compose.name());
    return {{"stood", stands ? stands->containers : Json()}};
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    ComposeWork work(context, args);
    ensure_unfenced(context, work);
    return result(prepared);
  }

  Planned plan(Context&, const Json&) override {
    return {.text = "lift the fence: restart policies as before", .diff = "", .predicted = true, .result = {{"fence_stood", true}}};
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override {
    if (record.prepared.at("stood").is_null()) return;
    ComposeWork work(context, record.args);
    ensure_fenced(context, work, {work.compose.name(), record.prepared["stood"]});
  }

  /// Its last act is to drop the record.
  Probe probe(Context& context, const Record& record) override {
    if (compose_fence_record(context, ComposeWork(context, record.args).compose.name()))
      return {Probe::State::not_done, nullptr, "", false};
    return {Probe::State::done, result(record.prepared), "", false};
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args, "/fence")}; }
  bool repeatable() const override { return true; }

 private:
  static Json result(const Json& prepared) { return {{"fence_stood", !prepared.at("stood").is_null()}}; }

  const Declaration declaration_{
      .name = "compose.unfence",
      .kind = Kind::change,
      .summary = "Gives containers the restart policies back that compose.fence took; does nothing where no fence stands.",
      .parameters = {project_parameter()},
      .returns = "{fence_stood: boolean}",
      .returns_help = "whether there was a fence to lift",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "timeout", "unsupported",
                 "cancelled"},
      .example = "compose.unfence({}).fence_stood --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_unfence() { return std::make_unique<ComposeUnfence>(); }

}  // namespace playbook
