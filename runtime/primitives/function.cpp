#include "runtime/primitives/function.h"

namespace playbook {
namespace {

class FunctionPrimitive : public Primitive {
 public:
  FunctionPrimitive(Declaration declaration, PrimitiveFunction run, std::string path_parameter)
      : declaration_(std::move(declaration)), run_(std::move(run)), path_parameter_(std::move(path_parameter)) {}

  const Declaration& declaration() const override { return declaration_; }
  Json run(Context& context, const Json& args, const Json&) override { return run_(context, args); }
  Undo undo_kind(const Json&) const override { return Undo::not_needed; }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    if (path_parameter_.empty()) return {};
    return {"file:" + context.resolve(args.at(path_parameter_).get<std::string>()).string()};
  }

 private:
  const Declaration declaration_;
  const PrimitiveFunction run_;
  const std::string path_parameter_;
};

}  // namespace

std::unique_ptr<Primitive> make_function(Declaration declaration, PrimitiveFunction run, std::string path_parameter) {
  return std::make_unique<FunctionPrimitive>(std::move(declaration), std::move(run), std::move(path_parameter));
}

}  // namespace playbook
