// What csproj.get and csproj.set share: which value of the file is meant.
#pragma once

#include "runtime/engine/primitive.h"
#include "runtime/pin/csproj.h"

namespace playbook {

std::vector<Parameter> csproj_choice();

struct CsprojChoice {
  Csproj::What what;
  std::string name;
};
/// Throws argument.invalid unless exactly one is named.
CsprojChoice csproj_choice_from(const Json& args);

}  // namespace playbook
