Feature: Roles from group memberships
  With Authorization.UserRoleGroupMapping, the groups that the proxy sends decide the role of a user. The
  role mapping options then contain groups instead of profile values. A mapped group need not exist on the
  server.

  Rule: With UserRoleGroupMapping, a user in a mapped group gets the role of the group

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader                 | X-Auth-Groups       |
        | Authorization.UserRoleGroupMapping     | true                |
        | Authorization.PublisherRoleMapping     | "Developers"        |
        | Authorization.AdministratorRoleMapping | "Dev-Leaders"       |
        | Authorization.AdministratorRoleMapping | "IT-Administrators" |

    Scenario Outline: With UserRoleGroupMapping, a user in the groups "<groups>" gets the role <role>
      Given "alice" is in the groups "<groups>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>" (<rule>)

      Examples:
        | rule                   | groups                        | role          |
        | PA-209, PA-212, PA-216 | Developers                    | publisher     |
        | PA-217, PA-221         | Dev-Leaders                   | administrator |
        | PA-218                 | Gardeners, Developers         | publisher     |
        | PA-219                 | Gardeners                     | viewer        |
        | PA-221                 | IT-Administrators             | administrator |
        | PA-239, PA-240         | Developers, Dev-Leaders       | administrator |
        | PA-239                 | IT-Administrators, Developers | administrator |

    @PA-207 @PA-219
    Scenario: The role of a user follows the groups that the proxy sends at each sign-in
      Given "alice" is in the groups "Dev-Leaders" at the proxy
      And "alice" has signed in
      When "alice" is in the groups "Developers, Gardeners" at the proxy
      And "alice" signs in again
      Then the role of "alice" is "publisher" (PA-207)
      When "alice" is in the groups "Gardeners" at the proxy
      And "alice" signs in again
      Then the role of "alice" is "viewer" (PA-219)

  Rule: With UserRoleMappingRestrictive, a user in several mapped groups gets the least privileged role

    Background:
      Given a server configured with:
        | ProxyAuth.RoleHeader                     | X-Auth-RSC-Role |
        | ProxyAuth.GroupsHeader                   | X-Auth-Groups   |
        | Authorization.DefaultUserRole            | publisher       |
        | Authorization.UserRoleGroupMapping       | true            |
        | Authorization.UserRoleMappingRestrictive | true            |
        | Authorization.ViewerRoleMapping          | "Contractors"   |
        | Authorization.PublisherRoleMapping       | "Developers"    |
        | Authorization.AdministratorRoleMapping   | "Dev-Leaders"   |

    Scenario Outline: With UserRoleMappingRestrictive, a user in the groups "<groups>" gets the role <role>
      Given "alice" is in the groups "<groups>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>"

      Examples:
        | rule   | groups                               | role          |
        | PA-215 | Contractors                          | viewer        |
        | PA-217 | Dev-Leaders                          | administrator |
        | PA-219 | Gardeners                            | publisher     |
        | PA-242 | Developers, Dev-Leaders              | publisher     |
        | PA-242 | Dev-Leaders, Developers, Contractors | viewer        |

    @PA-213
    Scenario Outline: A user in the group "<groups>" gets the role <role> although the role header says "<sent>"
      Given "alice" is in the groups "<groups>" at the proxy
      And "alice" has the role "<sent>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>"

      Examples:
        | groups      | sent          | role          |
        | Gardeners   | administrator | publisher     |
        | Gardeners   | viewer        | publisher     |
        | Contractors | administrator | viewer        |
        | Dev-Leaders | viewer        | administrator |

  Rule: The mapping of a role can be left out

    @PA-218 @direct
    Scenario: A server with UserRoleGroupMapping and without ViewerRoleMapping starts
      When a server is started with:
        | ProxyAuth.GroupsHeader                 | X-Auth-Groups       |
        | Authorization.UserRoleGroupMapping     | true                |
        | Authorization.PublisherRoleMapping     | "Developers"        |
        | Authorization.AdministratorRoleMapping | "Dev-Leaders"       |
        | Authorization.AdministratorRoleMapping | "IT-Administrators" |
      Then the server starts

  Rule: With GroupsByUniqueId, role mappings are compared with the unique ids of groups

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader                 | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId             | true          |
        | Authorization.UserRoleGroupMapping     | true          |
        | Authorization.PublisherRoleMapping     | "id-4711"     |
        | Authorization.AdministratorRoleMapping | "Leaders"     |

    @PA-222
    Scenario: With GroupsByUniqueId, a user in a group gets the role that is mapped to its unique id
      Given "alice" is in the groups "id-4711" at the proxy
      When "alice" signs in
      Then the role of "alice" is "publisher"

    @PA-223
    Scenario: With GroupsByUniqueId, a mapping with the name of a group gives its members no role
      Given a group "Leaders" with the unique id "id-4712"
      And "alice" is in the groups "id-4711, id-4712" at the proxy
      When "alice" signs in
      Then "alice" is a member of "id-4712"
      And the role of "alice" is "publisher"

  Rule: Only groups that the proxy sends give roles

    @PA-210 @alone
    Scenario: A user in a group that is managed on the server gets no role from it
      Given a group "Developers"
      And the administrator has added "alice" to the group "Developers"
      When the server is restarted with:
        | Authorization.UserRoleGroupMapping | true         |
        | Authorization.PublisherRoleMapping | "Developers" |
      Then the server starts or refuses to start
      When "alice" signs in again
      Then "alice" is a member of "Developers"
      And the role of "alice" is "viewer"

  Rule: UserRoleMapping and UserRoleGroupMapping cannot be combined

    @PA-214 @direct
    Scenario: A server with both UserRoleMapping and UserRoleGroupMapping refuses to start
      When a server is started with:
        | ProxyAuth.RoleHeader               | X-Auth-RSC-Role |
        | ProxyAuth.GroupsHeader             | X-Auth-Groups   |
        | Authorization.UserRoleMapping      | true            |
        | Authorization.UserRoleGroupMapping | true            |
        | Authorization.PublisherRoleMapping | "Developers"    |
      Then the server refuses to start
      When a server is started with:
        | ProxyAuth.RoleHeader               | X-Auth-RSC-Role |
        | ProxyAuth.GroupsHeader             | X-Auth-Groups   |
        | Authorization.UserRoleGroupMapping | true            |
        | Authorization.PublisherRoleMapping | "Developers"    |
      Then the server starts
