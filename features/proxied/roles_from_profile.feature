Feature: Roles from the user's profile
  The proxy may say in a header what role somebody has. Either the values are roles of the server,
  or the server is told which of the organisation's values stand for which role.

  Rule: Without mapping the values are roles

    Background:
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        RoleHeader = X-Auth-RSC-Role
        """

    Scenario Outline: The role <role>
      Given "alice" has the role "<role>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>"

      Examples:
        | rule   | role          |
        | PA-229 | publisher     |
        | PA-230 | administrator |
