Feature: Roles from group memberships
  Instead of a value of its own, the groups that the proxy sends can decide what role somebody has.

  Rule: A mapping refers to groups

    Background:
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        GroupsHeader = X-Auth-Groups

        [Authorization]
        UserRoleGroupMapping = true
        PublisherRoleMapping = "Developers"
        AdministratorRoleMapping = "Dev-Leaders"
        AdministratorRoleMapping = "IT-Administrators"
        """

    Scenario Outline: A member of <groups>
      Given "alice" is in the groups "<groups>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>"

      Examples:
        | rule   | groups      | role          |
        | PA-216 | Developers  | publisher     |
        | PA-217 | Dev-Leaders | administrator |
