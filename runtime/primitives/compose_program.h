// What compose.exec and compose.run share: a program that changes something, in a place that a service has. A crash of this side leaves it
// running there; the probe finds it and waits for it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/primitive.h"
#include "runtime/process/place.h"

namespace playbook {

class ComposeProgram : public Primitive {
 public:
  Json run(Context& context, const Json& args, const Json& prepared) override;
  Planned plan(Context& context, const Json& args) override;
  Undo undo_kind(const Json& args) const override;
  Probe probe(Context& context, const Record& record) override;
  std::vector<std::string> touches(Context& context, const Json& args) const override;
  bool may_lose_data(const Json& args) const override;

 protected:
  static std::vector<Parameter> parameters();

 private:
  virtual std::unique_ptr<Place> place_of(Context& context, const Json& args) const = 0;
  /// Where the program of this action still runs, in words; nothing, with all that it left removed, where it does not.
  virtual std::optional<std::string> still_runs(Context& context, const Json& args) const = 0;
  /// ` in service app`.
  virtual std::string where(const Json& args) const = 0;
};

}  // namespace playbook
