// service.unfence: lifts the fence and restores how the service started by itself before. Where no fence stands it does nothing.
#include "runtime/primitives/service.h"

namespace playbook {
namespace {

class ServiceUnfence : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    std::optional<Json> recorded = fence_record(context, *open_service(context, args));
    return {{"stood", recorded.has_value()}, {"startup", recorded.value_or(nullptr)}};
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    ensure_unfenced(context, *open_service(context, args));
    return {{"fence_stood", prepared.at("stood")}};
  }

  Planned plan(Context& context, const Json& args) override {
    auto service = open_service(context, args);
    return {.text = "lift the fence of " + service->name(), .diff = "", .predicted = true, .result = {{"fence_stood", true}}};
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override {
    if (record.prepared.at("stood").get<bool>()) ensure_fenced(context, *open_service(context, record.args), record.prepared.at("startup"));
  }

  /// Its last act is to drop the record.
  Probe probe(Context& context, const Record& record) override {
    bool stands = fence_record(context, *open_service(context, record.args)).has_value();
    if (stands) return {Probe::State::not_done, nullptr, "", false};
    return {Probe::State::done, {{"fence_stood", record.prepared.at("stood")}}, "", false};
  }

  std::vector<std::string> touches(Context&, const Json& args) const override { return {service_thing(args) + "/fence"}; }
  bool repeatable() const override { return true; }

 private:
  const Declaration declaration_{
      .name = "service.unfence",
      .kind = Kind::change,
      .summary = "Restores how a service started by itself before service.fence; does nothing where no fence stands.",
      .parameters = {service_parameter()},
      .returns = "{fence_stood: boolean}",
      .returns_help = "whether there was a fence to lift",
      .errors = {"argument.invalid", "service.failed", "process.missing", "timeout", "cancelled"},
      .example = "service.unfence({systemd=\"shop.service\"}).fence_stood --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_service_unfence() { return std::make_unique<ServiceUnfence>(); }

}  // namespace playbook
