// A primitive that changes nothing is one function: for those, a declaration and that function are all there is.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {

using PrimitiveFunction = std::function<Json(Context& context, const Json& args)>;

/// Pure or read. `path_parameter`: the argument that names the file or folder that it reads.
std::unique_ptr<Primitive> make_function(Declaration declaration, PrimitiveFunction run, std::string path_parameter = "");

}  // namespace playbook
