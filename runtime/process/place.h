// Where a program runs: here, or inside a container (runtime/container). Whoever needs `pg_dump` or `psql` asks a place for it and does not
// know which one it is.
#pragma once

#include <string>

#include "runtime/process/children.h"

namespace playbook {

class Place {
 public:
  virtual ~Place() = default;
  /// As Children::run. `command.environment` reaches the program itself, wherever it runs, and never by an argument list.
  virtual Exit run(const Command& command, const LineSink& line = nullptr, const CancelToken* cancel = nullptr) = 0;
  /// For errors and plans: `this host`, `service postgres`.
  virtual std::string describe() const = 0;
};

class HostPlace final : public Place {
 public:
  explicit HostPlace(Children& children) : children_(children) {}
  Exit run(const Command& command, const LineSink& line = nullptr, const CancelToken* cancel = nullptr) override {
    return children_.run(command, line, cancel);
  }
  std::string describe() const override { return "this host"; }

 private:
  Children& children_;
};

}  // namespace playbook
