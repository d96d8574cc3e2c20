import ArgumentParser

struct Git: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deploy with `git push`.",
        discussion: """
            A push to a repository of the gateway builds, loads and tries every function whose \
            folder changed, and shows that where `git push` runs. One that fails refuses the \
            push, and changes nothing. main and master are production; the functions of any \
            other branch serve as NAME--BRANCH until the branch is deleted.

            EXAMPLES:
              faas git init models
              git remote add faas http://127.0.0.1:8080/git/models.git
              git push faas main
              faas git hook install ~/models.git      a repository that is there already

            faas.yaml, at the root of a repository, may say:
              prune: true                             remove functions whose folder is gone
              branches: { release: production, wip: ignored }
            """,
        subcommands: [
            GitInit.self, GitList.self, GitRemove.self, GitSync.self, GitHook.self,
        ]
    )
}
