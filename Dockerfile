# One image, three commands: `espalier orchestrator`, `espalier worker` and `espalier pod-costs`.
#
# Debian 12 has glibc 2.36, the oldest that the `bb` of @aztec/bb.js 5.0.0 starts on. The digest is that of the index of
# all platforms, as public Dockerfiles on GitHub name it for this tag; `docker buildx imagetools inspect
# node:20.20.2-bookworm-slim` says whether the registry agrees.
ARG NODE_IMAGE=node:20.20.2-bookworm-slim@sha256:2cf067cfed83d5ea958367df9f966191a942351a2df77d6f0193e162b5febfc0

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# No package needs its install script: what they would build comes prebuilt for Linux, or serves development alone.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npx tsc -b cli && chmod 0755 dist/cli/main.js && npm run build:circuits
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# With `--omit dev` npm leaves out of the list what development needs too; here no such need is left.
RUN npm pkg delete devDependencies scripts && npm sbom --sbom-format spdx > sbom.spdx.json
# @aztec/bb.js brings a `bb` for each platform, 33 MB apiece: only this one's is kept.
RUN find node_modules/@aztec/bb.js/build -mindepth 1 -maxdepth 1 ! -name "$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')-linux" -exec rm -r {} +

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="espalier" \
      org.opencontainers.image.description="Proves rollup blocks: orchestrator and workers" \
      org.opencontainers.image.licenses="Apache-2.0"
# What only builds images is left out, and so cannot be misused in one.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && install -d -o 10001 -g 10001 -m 0770 /cache \
 && ln -s /opt/espalier/dist/cli/main.js /usr/local/bin/espalier
WORKDIR /opt/espalier
COPY --from=build /src/package.json /src/LICENSE /src/sbom.spdx.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY --from=build /src/proto ./proto
COPY --from=build /src/circuits/keys ./circuits/keys
COPY --from=build /src/circuits/target ./circuits/target

# The root may be read-only: what is written goes to these two. The SRS is 134 MB, the same for every version, and made
# by `espalier srs fetch`: it belongs onto a volume, and is not in the image.
ENV NODE_ENV=production ESPALIER_CACHE=/cache HOME=/cache
VOLUME ["/cache", "/tmp"]
# A number, so that Kubernetes can tell that it is not root's.
USER 10001:10001
# The API, the external scaler, probes and metrics.
EXPOSE 7420 7421 9464
ENTRYPOINT ["espalier"]
CMD ["help"]
