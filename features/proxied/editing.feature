Feature: Editing users
  What the proxy sends belongs to the proxy: nobody edits it on the server, and every sign-in brings
  it up to date. What the proxy does not send can be edited, by whom is an option.

  Each refusal below is compared with a change of the same scenario that was made and that differs
  in the person or in the attribute alone. A server may also answer a refused change as if all
  were well, as long as the value stays.

  Rule: Attributes that the proxy does not send can be edited

    Background:
      Given "alice" has signed in

    Scenario Outline: The <attribute>
      When the administrator changes the <attribute> of "alice" to "<value>"
      Then the change is made

      Examples:
        | rule   | attribute  | value              |
        | PA-185 | first name | Alicia             |
        | PA-186 | last name  | Adler              |
        | PA-187 | email      | alicia@example.org |

    @PA-191
    Scenario Outline: By default people edit their own <attribute>
      When "alice" changes her <attribute> to "<value>"
      Then the change is made

      Examples:
        | attribute  | value              |
        | first name | Alicia             |
        | last name  | Adler              |
        | email      | alicia@example.org |

    @PA-199
    Scenario: Not so a username that is somebody's identity
      Given the administrator has changed the first name of "alice" to "Alicia"
      When the administrator changes the username of "alice" to "alicia"
      Then the change is refused

    @PA-199
    Scenario: Not even one's own
      Given "alice" has changed her first name to "Alicia"
      When "alice" changes her username to "alicia"
      Then the change is refused

  Rule: Administrators edit everybody's attributes, people their own

    Background:
      Given a server configured with:
        | Authorization.UserInfoEditableBy | AdminAndSelf |
      And "alice" has signed in

    @PA-192
    Scenario Outline: One's own <attribute>
      When "alice" changes her <attribute> to "<value>"
      Then the change is made

      Examples:
        | attribute  | value              |
        | first name | Alicia             |
        | last name  | Adler              |
        | email      | alicia@example.org |

    @PA-193
    Scenario Outline: Somebody's <attribute>, as an administrator
      When the administrator changes the <attribute> of "alice" to "<value>"
      Then the change is made

      Examples:
        | attribute  | value              |
        | first name | Alicia             |
        | last name  | Adler              |
        | email      | alicia@example.org |

    @PA-194
    Scenario Outline: Somebody else's <attribute>
      Given "bob" has signed in
      And "alice" has changed her <attribute> to "<value>"
      When "bob" changes the <attribute> of "alice" to "<other>"
      Then the change is refused

      Examples:
        | attribute  | value              | other               |
        | first name | Alicia             | Mallory             |
        | last name  | Adler              | Marlowe             |
        | email      | alicia@example.org | mallory@example.org |

    @PA-194
    Scenario: Publishers are no administrators
      Given a publisher "paula"
      And "alice" has changed her first name to "Alicia"
      When "paula" changes the first name of "alice" to "Mallory"
      Then the change is refused

  Rule: Who edits is an option

    @PA-195 @direct
    Scenario: Administrators only
      When a server is started with:
        | Authorization.UserInfoEditableBy | Admin |
      Then it starts

  Rule: Editing can be left to administrators

    Background:
      Given a server configured with:
        | Authorization.UserInfoEditableBy | Admin |
      And "alice" has signed in

    @PA-197
    Scenario Outline: An administrator edits the <attribute>
      When the administrator changes the <attribute> of "alice" to "<value>"
      Then the change is made
      And the <attribute> of "alice" is "<value>"

      Examples:
        | attribute  | value              |
        | first name | Alicia             |
        | last name  | Adler              |
        | email      | alicia@example.org |

    @PA-196
    Scenario Outline: Nobody edits their own <attribute>
      Given the administrator has changed the <attribute> of "alice" to "<value>"
      When "alice" changes her <attribute> to "<other>"
      Then the change is refused

      Examples:
        | attribute  | value              | other            |
        | first name | Alicia             | Alix             |
        | last name  | Adler              | Arnold           |
        | email      | alicia@example.org | alix@example.org |

    @PA-196
    Scenario: Publishers do not edit their own profile either
      Given a publisher "paula"
      And the administrator has changed the first name of "paula" to "Pauline"
      When "paula" changes her first name to "Paola"
      Then the change is refused

  Rule: Attributes that the proxy sends cannot be edited

    Scenario Outline: The <attribute>, where the proxy sends it but no last name
      Given a server configured with:
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      And "alice" has changed her last name to "Adler"
      When "alice" changes her <attribute> to "<value>"
      Then the change is refused
      Given the administrator has changed the last name of "alice" to "Adams"
      When the administrator changes the <attribute> of "alice" to "<value>"
      Then the change is refused

      Examples:
        | rule   | attribute  | value              |
        | PA-182 | first name | Alicia             |
        | PA-184 | email      | alicia@example.org |

    @PA-183
    Scenario: The last name, where the proxy sends it but no first name
      Given a server configured with:
        | ProxyAuth.LastNameHeader | X-Auth-Last-Name |
      And "alice" has changed her first name to "Alicia"
      When "alice" changes her last name to "Adler"
      Then the change is refused
      Given the administrator has changed the first name of "alice" to "Alix"
      When the administrator changes the last name of "alice" to "Adler"
      Then the change is refused

    @PA-190
    Scenario Outline: A sign-in brings the <attribute> up to date
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      And "alice" has signed in
      And "alice" has the <attribute> "<value>" at the proxy
      When "alice" signs in again
      Then the <attribute> of "alice" is "<value>"

      Examples:
        | attribute  | value              |
        | username   | alicia             |
        | first name | Alicia             |
        | last name  | Adler              |
        | email      | alicia@example.org |

  Rule: Usernames can be edited where the server has made them

    @PA-200
    Scenario: A username that the proxy sends beside a unique id
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      And "alice" has changed her first name to "Alicia"
      When "alice" changes her username to "alicia"
      Then the change is refused
      Given the administrator has changed the first name of "alice" to "Alix"
      When the administrator changes the username of "alice" to "alix"
      Then the change is refused

    @PA-201
    Scenario: A username that was generated
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |
      When "alice" changes her username to "alicia"
      Then the change is made
      When the administrator changes the username of "alice" to "alix"
      Then the change is made

  Rule: Viewers manage neither other users nor groups

    Background:
      Given a group "engineers"
      And the administrator adds "alice" to the group "engineers"

    @SEC-042
    Scenario Outline: A viewer does not <act>
      When "mallory" tries to <act>
      Then the call is refused

      Examples:
        | act                         |
        | create a group testers      |
        | rename the group engineers  |
        | remove the group engineers  |
        | join the group engineers    |
        | end the membership of alice |
        | create an account for bob   |
        | lock alice                  |
