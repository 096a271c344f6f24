// The settings files of a .NET application: appsettings.json, and over it appsettings.{Environment}.json, as ASP.NET reads them.
//
// They may hold comments and trailing commas, names do not tell upper from lower case, and a later file wins setting by setting (ASP.NET
// Core documentation, "Configuration providers"). Variables of its environment (A__B for A:B) win over both, as far as files set them. What
// a vault, user secrets or a command line say is not here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/secret.h"
#include "runtime/pin/service_variables.h"

namespace playbook {

struct Appsetting {
  std::string value;           ///< as text; true and false in lower case
  std::filesystem::path file;  ///< the one that decides; empty where a variable does
};

class Appsettings {
 public:
  /// Without an environment appsettings.json alone. A file that is not there sets nothing. `over`: files of variables that win, as
  /// service_variables reads them. Throws json.invalid, file.denied, and what service_variables throws.
  Appsettings(const std::filesystem::path& folder, const std::string& environment, const std::vector<std::filesystem::path>& over = {});

  /// `ConnectionStrings:umbracoDbDSN`. Nothing where nothing sets it, or where it is a group.
  std::optional<Appsetting> get(const std::string& key) const;

 private:
  struct File {
    std::filesystem::path path;
    Json content;
  };
  std::vector<File> files_;  // the one that wins first
  ServiceVariables variables_;
};

/// A setting that is a secret: {type="secret", source="appsettings", path="/srv/site", name="Umbraco:CMS:Imaging:HMACSecretKey",
/// environment="Production", over=files of variables, part="password" where it is that in a connection string}
Json secret_from_appsettings(const std::string& folder, const std::string& key, const std::string& environment,
                             const std::vector<std::string>& over = {}, const std::string& part = "");

/// Lets the store open them.
void add_appsettings_source(SecretStore& store);

/// JSON with comments and trailing commas. `what` names it in errors. Throws json.invalid.
Json parse_relaxed_json(const std::string& text, const std::string& what);

/// The password in a connection string, without its quotes.
std::optional<std::string> password_in(const std::string& connection);

/// A connection string whose password cannot be read: `Server=db;User Id=sa;Password=***`.
std::string without_password(const std::string& connection);

}  // namespace playbook
