// What image.current and image.pin share: the files of a project, where each service's image is written, and the edits that pin images,
// tried on copies with Compose itself before anything is put in place.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/pin/compose_image.h"
#include "runtime/primitives/compose.h"

namespace playbook {

class ImageEdits {
 public:
  struct Edit {
    std::filesystem::path file;
    std::optional<std::string> before;  ///< nothing: an env file that is not there yet
    std::string after;
    std::string variable{};  ///< in an env file
  };

  ImageEdits(Context& context, const Json& args);

  ComposeWork& work() { return work_; }
  /// As Compose reads the files now.
  const Json& config() const { return config_; }
  ImagePlace place(const std::string& service) const { return find_image(files_, service); }
  /// What Compose takes for a variable: from the environment, else from the env file.
  std::optional<std::string> variable(const std::string& name) const;

  /// The edits after which every service of `images` has the reference given there. Throws `unsupported` where they would change anything
  /// else, or where a place cannot be changed.
  std::vector<Edit> edits(const std::map<std::string, std::string>& images);

  static std::vector<std::filesystem::path> watched(const Context& context, const Json& args);

 private:
  void edit(const std::string& service, const std::string& image);
  std::vector<Edit> changed() const;
  /// Compose's reading of the edited files, from copies. Throws compose.invalid.
  Json tried(const std::vector<Edit>& edits);
  void check(const Json& after, const std::map<std::string, std::string>& images) const;
  std::filesystem::path env_path() const;

  Context& context_;
  ComposeWork work_;
  Json config_;
  std::vector<Yaml> files_;
  std::vector<std::string> originals_;
  std::optional<std::string> env_before_;
  std::string env_after_;
  std::string set_variable_;
};

}  // namespace playbook
