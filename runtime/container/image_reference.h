// References to images as docker reads them (github.com/distribution/reference): `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`, and whether one
// names the same image tomorrow. Free functions, safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace playbook {

struct ImageReference {
  std::string registry;    ///< `docker.io` where none is written
  std::string repository;  ///< with `library/` where docker adds it
  std::string tag;         ///< "" where none is written
  std::string digest;      ///< `sha256:...`, "" where none is written
};

/// Throws `argument.invalid`.
ImageReference parse_image(std::string_view text);

/// Why it may name another image tomorrow: `it has no tag, which means latest`. Nothing for a digest or a full version.
std::optional<std::string> floating_reason(const ImageReference& image);

/// Whether the registry is this machine, which docker asks without TLS.
bool is_loopback_registry(const std::string& registry);

}  // namespace playbook
