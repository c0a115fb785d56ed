Feature: Roles from the user's profile
  The proxy can send the role of a user in a header. The values are roles of the server, or values of the
  organisation that options map to roles. The server updates the role at each sign-in.

  Rule: The default role is viewer

    @PA-220
    Scenario: Without RoleHeader and DefaultUserRole, a new user is a viewer
      When "alice" signs in
      Then the role of "alice" is "viewer"

  Rule: Without role mapping, the values of the role header are roles of the server

    Background:
      Given a server configured with:
        | ProxyAuth.RoleHeader | X-Auth-RSC-Role |

    Scenario Outline: Without role mapping, the value "<value>" in the role header gives the role <role>
      Given "alice" has the role "<value>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>" (<rule>)

      Examples:
        | rule           | value         | role          |
        | PA-224, PA-229 | publisher     | publisher     |
        | PA-230         | administrator | administrator |
        | PA-231         | superuser     | viewer        |
        | SEC-015        | root          | viewer        |
        | SEC-015        | Administrator | viewer        |
        | SEC-015        | ADMINISTRATOR | viewer        |

      @direct
      Examples: Two role headers that a proxy has joined into one value
        | rule    | value                   | role   |
        | SEC-015 | publisher,administrator | viewer |
        | SEC-015 | administrator, viewer   | viewer |

    @PA-207
    Scenario: The role of a user follows the role header at each sign-in
      Given "alice" has the role "administrator" at the proxy
      And "alice" has signed in
      When "alice" has the role "viewer" at the proxy
      And "alice" signs in again
      Then the role of "alice" is "viewer"
      When "alice" has the role "publisher" at the proxy
      And "alice" signs in again
      Then the role of "alice" is "publisher"

    @PA-220
    Scenario: With RoleHeader, a user for whom the proxy sends no role is a viewer
      When "alice" signs in
      Then the role of "alice" is "viewer"

    @PA-231
    Scenario: A publisher whose value in the role header becomes invalid is signed in as a viewer
      Given "alice" has the role "publisher" at the proxy
      And "alice" has signed in
      When "alice" has the role "superuser" at the proxy
      And "alice" signs in again
      Then "alice" is signed in
      And the role of "alice" is "viewer"

    @SEC-011 @careless
    Scenario: A sign-in with two role headers is refused and does not change the role of the user
      Given "alice" has the role "publisher" at the proxy
      And "mallory" has the role "administrator" at the proxy
      And "alice" has signed in
      When "alice" signs in again with a second role header for "mallory"
      Then the request is refused
      And the role of "alice" is "publisher"

  Rule: Role mappings have no effect unless mapping is enabled

    Background:
      Given a server configured with:
        | ProxyAuth.RoleHeader                   | X-Auth-RSC-Role |
        | ProxyAuth.GroupsHeader                 | X-Auth-Groups   |
        | Authorization.DefaultUserRole          | publisher       |
        | Authorization.ViewerRoleMapping        | "HR"            |
        | Authorization.AdministratorRoleMapping | "IT"            |

    Scenario Outline: With role mappings that are not enabled, the value "<value>" in the role header gives the role <role>
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
    Scenario Outline: With role mappings that are not enabled, a user in the group "<group>" gets the default role
      Given "alice" is in the groups "<group>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "publisher"

      Examples:
        | group |
        | HR    |
        | IT    |

  Rule: With UserRoleMapping, the values of the role header are mapped to roles

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

    Scenario Outline: With UserRoleMapping, the value "<value>" in the role header gives the role <role>
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
      Examples: A value that a cookie of the login server cannot contain
        | rule   | value       | role      |
        | PA-235 | CORP\\staff | publisher |

    @PA-220
    Scenario: With UserRoleMapping, a user for whom the proxy sends no value is a viewer
      When "alice" signs in
      Then the role of "alice" is "viewer"

    @PA-207
    Scenario: With UserRoleMapping, the role of a user follows the mapped value at each sign-in
      Given "alice" has the role "IT" at the proxy
      And "alice" has signed in
      When "alice" has the role "Engineering" at the proxy
      And "alice" signs in again
      Then the role of "alice" is "publisher"

  Rule: With UserRoleMappingRestrictive, a value that is mapped to several roles gives the least privileged role

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

    Scenario Outline: With UserRoleMappingRestrictive, the value "<value>" in the role header gives the role <role>
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

  Rule: UserRoleMapping requires RoleHeader

    @PA-227 @direct
    Scenario: A server with UserRoleMapping and without RoleHeader refuses to start and names UserRoleMapping
      When a server is started with:
        | Authorization.UserRoleMapping          | true |
        | Authorization.AdministratorRoleMapping | "IT" |
      Then the server refuses to start
      And the start-up error names "UserRoleMapping"

  Rule: Invalid role values are logged only with debug logging

    @PA-232 @quiet
    Scenario: With debug logging, the log contains an invalid value of the role header
      Given a server configured with:
        | ProxyAuth.RoleHeader | X-Auth-RSC-Role |
        | DebugLog             | on              |
      And "alice" has the role "superuser" at the proxy
      When "alice" signs in
      Then the log says "superuser"
      When "alice" has the role "overlord" at the proxy
      And "alice" signs in again
      Then the log says "overlord"

    @PA-233 @quiet
    Scenario: Without debug logging, the log does not contain an invalid value of the role header
      Given a server configured with:
        | ProxyAuth.RoleHeader | X-Auth-RSC-Role |
      And "alice" has the role "superuser" at the proxy
      When "alice" signs in
      Then "alice" is signed in
      And the log does not say "superuser"
