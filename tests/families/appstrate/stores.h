// What a stand-in Appstrate keeps beside its database on a real Docker engine: files, objects and jobs, as tier 3 has them.
#pragma once

#include <cstdlib>
#include <string>

#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/redis_image.h"

namespace playbook::testing {

/// Files, objects and jobs beside the database, as tier 3 has them; "MinIO" is a container that keeps a file.
class Stores {
 public:
  /// `appending`: Redis keeps an append-only file. `objects`: "MinIO" is there.
  explicit Stores(const Deployment& app, bool appending = false, bool objects = true) : app_(app), objects_(objects) {
    const std::string registry = std::getenv("PLAYBOOK_TEST_REGISTRY"), shell = registry + "/shell:1", redis = redis_image();
    output_of("docker tag " + shell + " " + registry + "/minio/minio:1");
    std::string services = "  redis:\n    image: " + redis + "\n    restart: unless-stopped\n    volumes: [\"redisdata:/data\"]\n";
    if (appending) services += "    command: redis-server --appendonly yes\n";
    if (objects)
      services += "  minio:\n    image: " + registry +
                  "/minio/minio:1\n    command: [sh, -c, \"trap 'exit 0' TERM; while :; do sleep 0.1; done\"]\n" +
                  "    restart: unless-stopped\n    volumes: [\"miniodata:/data\"]\n";
    app.edit("docker-compose.yml", "volumes: {pgdata: {}, storagedata: {}}",
             services + "volumes: {pgdata: {}, storagedata: {}, redisdata: {}" + (objects ? ", miniodata: {}" : "") + "}");
    app.compose("up -d");
    put("then");
  }
  void put(const std::string& what) const {
    run("storagedata", "echo " + what + " > /data/it");
    if (objects_) run("miniodata", "echo " + what + " > /data/it");
    app_.compose("exec -T redis redis-cli set it " + what);
  }
  std::string held() const {
    return run("storagedata", "cat /data/it") + " " + (objects_ ? run("miniodata", "cat /data/it") + " " : "") +
           app_.compose("exec -T redis redis-cli get it");
  }

 private:
  std::string run(const std::string& volume, const std::string& command) const {
    return output_of("docker run --rm -v " + app_.project() + "_" + volume + ":/data " + std::getenv("PLAYBOOK_TEST_REGISTRY") +
                     "/shell:1 sh -c '" + command + "'");
  }
  const Deployment& app_;
  const bool objects_;
};

}  // namespace playbook::testing
