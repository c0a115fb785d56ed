Feature: Roles from the user's profile
  The proxy may say in a header what role somebody has. Either its values are roles of the server,
  or the server is told which of the organisation's values stand for which role. It looks at every
  sign-in.

  Rule: Nobody is more than a viewer unless something says so

    @PA-220
    Scenario: No role is sent, no default is configured
      When "alice" signs in
      Then the role of "alice" is "viewer"

  Rule: Without mapping the values are roles

    Background:
      Given a server configured with:
        | ProxyAuth.RoleHeader | X-Auth-RSC-Role |

    Scenario Outline: The value <value>
      Given "alice" has the role "<value>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>" (<rule>)

      Examples:
        | rule           | value         | role          |
        | PA-224, PA-229 | publisher     | publisher     |
        | PA-230         | administrator | administrator |
        | PA-231         | superuser     | viewer        |
        | SEC-015        | superuser     | viewer        |
        | SEC-015        | Administrator | viewer        |
        | SEC-015        | ADMINISTRATOR | viewer        |

      @direct
      Examples: What a proxy makes of two headers by joining them
        | rule    | value                   | role   |
        | SEC-015 | publisher,administrator | viewer |
        | SEC-015 | administrator, viewer   | viewer |

    @PA-207
    Scenario: The role follows the header from sign-in to sign-in
      Given "alice" has the role "administrator" at the proxy
      And "alice" has signed in
      When "alice" has the role "viewer" at the proxy
      And "alice" signs in again
      Then the role of "alice" is "viewer"
      When "alice" has the role "publisher" at the proxy
      And "alice" signs in again
      Then the role of "alice" is "publisher"

    @PA-220
    Scenario: A user whose role is not sent has the default role
      When "alice" signs in
      Then the role of "alice" is "viewer"

    @PA-231
    Scenario: An invalid value takes a role away and keeps nobody out
      Given "alice" has the role "publisher" at the proxy
      And "alice" has signed in
      When "alice" has the role "superuser" at the proxy
      And "alice" signs in again
      Then "alice" is signed in
      And the role of "alice" is "viewer"

    @SEC-011 @careless
    Scenario: A second role beside that of the proxy
      Given "alice" has the role "publisher" at the proxy
      And "mallory" has the role "administrator" at the proxy
      And "alice" has signed in
      When "alice" signs in again with a second role header for "mallory"
      Then the sign-in is refused
      And the role of "alice" is "publisher"

  Rule: Nothing is mapped unless mapping is enabled

    Background:
      Given a server configured with:
        | ProxyAuth.RoleHeader                   | X-Auth-RSC-Role |
        | ProxyAuth.GroupsHeader                 | X-Auth-Groups   |
        | Authorization.DefaultUserRole          | publisher       |
        | Authorization.ViewerRoleMapping        | "HR"            |
        | Authorization.AdministratorRoleMapping | "IT"            |

    Scenario Outline: The value <value>
      Given "alice" has the role "<value>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>"

      Examples:
        | rule   | value     | role      |
        | PA-226 | HR        | publisher |
        | PA-226 | IT        | publisher |
        | PA-228 | viewer    | viewer    |
        | PA-231 | superuser | publisher |

    @PA-211
    Scenario Outline: A member of <group>
      Given "alice" is in the groups "<group>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "publisher"

      Examples:
        | group |
        | HR    |
        | IT    |

  Rule: With mapping the values are the organisation's

    Background:
      Given a server configured with:
        | ProxyAuth.RoleHeader                   | X-Auth-RSC-Role |
        | Authorization.UserRoleMapping          | true            |
        | Authorization.ViewerRoleMapping        | "HR"            |
        | Authorization.ViewerRoleMapping        | "Marketing"     |
        | Authorization.ViewerRoleMapping        | "Support"       |
        | Authorization.PublisherRoleMapping     | "Engineering"   |
        | Authorization.PublisherRoleMapping     | "CORP\\\\staff" |
        | Authorization.AdministratorRoleMapping | "IT"            |
        | Authorization.AdministratorRoleMapping | "Support"       |

    Scenario Outline: The value <value>
      Given "alice" has the role "<value>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>" (<rule>)

      Examples:
        | rule                   | value         | role          |
        | PA-208, PA-225, PA-235 | Engineering   | publisher     |
        | PA-236                 | IT            | administrator |
        | PA-237                 | Sales         | viewer        |
        | PA-237                 | administrator | viewer        |
        | PA-238, PA-240         | Support       | administrator |

      @direct
      Examples: A value that no cookie of the login server can carry
        | rule   | value       | role      |
        | PA-235 | CORP\\staff | publisher |

    @PA-220
    Scenario: A user whose department is not sent has the default role
      When "alice" signs in
      Then the role of "alice" is "viewer"

    @PA-207
    Scenario: The role follows the department
      Given "alice" has the role "IT" at the proxy
      And "alice" has signed in
      When "alice" has the role "Engineering" at the proxy
      And "alice" signs in again
      Then the role of "alice" is "publisher"

  Rule: The restrictive choice is the least privileged role

    Background:
      Given a server configured with:
        | ProxyAuth.RoleHeader                     | X-Auth-RSC-Role |
        | Authorization.DefaultUserRole            | publisher       |
        | Authorization.UserRoleMapping            | true            |
        | Authorization.UserRoleMappingRestrictive | true            |
        | Authorization.ViewerRoleMapping          | "HR"            |
        | Authorization.ViewerRoleMapping          | "Marketing"     |
        | Authorization.ViewerRoleMapping          | "Support"       |
        | Authorization.AdministratorRoleMapping   | "IT"            |
        | Authorization.AdministratorRoleMapping   | "Support"       |

    Scenario Outline: The value <value>
      Given "alice" has the role "<value>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>" (<rule>)

      Examples:
        | rule           | value     | role          |
        | PA-218, PA-236 | IT        | administrator |
        | PA-234         | HR        | viewer        |
        | PA-234         | Marketing | viewer        |
        | PA-237         | Sales     | publisher     |
        | PA-241         | Support   | viewer        |

  Rule: A mapping needs the header that carries the values

    @PA-227 @direct
    Scenario: Mapping without a role header
      When a server is started with:
        | Authorization.UserRoleMapping          | true |
        | Authorization.AdministratorRoleMapping | "IT" |
      Then it refuses to start
      And it says what is wrong with "UserRoleMapping"

  Rule: Invalid values are reported where the log holds details

    @PA-232 @quiet @log
    Scenario: With debug logging
      Given a server configured with:
        | ProxyAuth.RoleHeader | X-Auth-RSC-Role |
        | DebugLog             | on              |
      And "alice" has the role "superuser" at the proxy
      When "alice" signs in
      Then the log says "superuser"
      When "alice" has the role "overlord" at the proxy
      And "alice" signs in again
      Then the log says "overlord"

    @PA-233 @quiet @log
    Scenario: Without debug logging
      Given a server configured with:
        | ProxyAuth.RoleHeader | X-Auth-RSC-Role |
      And "alice" has the role "superuser" at the proxy
      When "alice" signs in
      Then "alice" is signed in
      And the log does not say "superuser"
