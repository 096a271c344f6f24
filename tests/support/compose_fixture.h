// A compose project of a test's own on the test bed's engine, and the primitives to act on it. What it made goes with the object.
#pragma once

#include <memory>
#include <string>

#include "runtime/process/children.h"
#include "tests/support/primitive_fixture.h"

namespace playbook::testing {

class ComposeFixture : public PrimitiveFixture {
 public:
  /// With docker-compose.yml as given; `@shell@` and `@registry@` stand for the bed's shell image and registry.
  explicit ComposeFixture(const std::string& compose_file, const std::string& env_file = "");
  ~ComposeFixture();

  std::unique_ptr<Children> children;
  std::string name;         ///< of the project, unique in this process
  Json project;             ///< {name=}
  std::string shell_image;  ///< in the bed's registry

  void write(const std::string& file, std::string text) const;
  Json container(const std::string& service);  ///< as compose.ps gives it; null where there is none
};

/// Makes `REGISTRY/NAME:TAG` out of the shell image with APP_VERSION=TAG in its environment; gives the reference.
std::string build_release(const std::string& name, const std::string& tag);
/// The output of a shell command without its last newline; throws where its status is not 0.
std::string output_of(const std::string& command);

/// Sets a variable of this process, or takes it away with no value, for as long as the object lives.
class Variable {
 public:
  Variable(std::string name, const char* value);
  ~Variable();
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  std::string name_;
  bool was_set_ = false;
  std::string was_;
};

}  // namespace playbook::testing
