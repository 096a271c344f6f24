// What `docker save` wrote, read and checked without Docker: the image's configuration is what its name says, and every layer is one that
// the configuration names. Format: github.com/moby/docker-image-spec, v1.2 "Combined Image JSON + Filesystem Changeset Format"; newer
// engines put the same files at blobs/sha256/<digest>.
#pragma once

#include <string>

#include "runtime/backup/archive_module.h"

namespace playbook {

struct DockerArchive {
  std::string config;  ///< `sha256:...` of the configuration, which most engines take as the image's id
  size_t layers = 0;
};

/// Reads to the end. Throws `backup.corrupt` naming `what`.
DockerArchive read_docker_archive(const TarFeed& feed, const std::string& what);

}  // namespace playbook
