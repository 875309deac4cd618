# The claims without an installation of one's own; reports and trained runs stay in the mounted folders. A report
# from here names no commit, since the image has no git.
#   docker build -t landscape-claims .
#   docker run --rm -v "$PWD/out:/work/reports/out" -v landscape-runs:/root/.cache landscape-claims
#   docker run --rm -v "$PWD/out:/work/reports/out" landscape-claims --claims E1,E2
FROM python:3.12-slim
WORKDIR /work
COPY . .
RUN python -m pip install --no-cache-dir -e . --extra-index-url https://download.pytorch.org/whl/cpu
ENTRYPOINT ["python", "-m", "pytest", "claims/", "-n", "auto"]
