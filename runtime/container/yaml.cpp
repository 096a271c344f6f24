#include "runtime/container/yaml.h"

#include <libfyaml.h>

#include <cstdlib>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {

Json yaml_to_json(std::string_view text, const std::string& what) {
  if (!is_utf8(text) || text.starts_with('%') || text.find("\n%") != std::string_view::npos)  // directives hang libfyaml 0.7
    throw Error(Code::json_invalid, what + " is not YAML that can be read");
  fy_parse_cfg settings{};
  settings.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_RESOLVE_DOCUMENT);
  std::unique_ptr<fy_document, decltype(&fy_document_destroy)> document(fy_document_build_from_string(&settings, text.data(), text.size()),
                                                                        &fy_document_destroy);
  if (!document) throw Error(Code::json_invalid, what + " is not YAML");
  std::unique_ptr<char, decltype(&std::free)> json(
      fy_emit_document_to_string(document.get(), static_cast<fy_emitter_cfg_flags>(FYECF_MODE_JSON_ONELINE | FYECF_WIDTH_INF)), &std::free);
  if (!json) throw Error(Code::json_invalid, what + " cannot be written as JSON");
  return parse_json(json.get(), what);
}

}  // namespace playbook
