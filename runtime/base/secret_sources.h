// Further places of secrets, beside those that every SecretStore knows: a text in a JSON file, and the first of several.
// Shapes: {type="secret", source="json", path="/srv/app/settings.json", name="KEY"} | {source="first", of={references}}
#pragma once

#include <string>

#include "runtime/base/secret.h"

namespace playbook {

/// A text that is a member of the JSON object in a file.
Json secret_from_json(const std::string& path, const std::string& name);
/// The first of these that is there and not empty.
Json first_secret(const Json& references);

/// Lets the store open them; it must stay where it is.
void add_more_sources(SecretStore& store);

}  // namespace playbook
